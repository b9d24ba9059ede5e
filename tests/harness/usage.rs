//! What processes have used, from `/proc`.

use std::collections::HashMap;
use std::fs;

/// Clock ticks of `/proc/*/stat`; the kernel's interface to programs has always had 100.
const TICK_NS: u64 = 10_000_000;

/// CPU time of some processes at a moment.
pub struct Cpu {
    /// Of each thread, in nanoseconds: running, and waiting for a core.
    threads: HashMap<u32, (u64, u64)>,
    /// Of the processes, threads that have ended included, in nanoseconds, but coarse.
    coarse_ns: u64,
}

/// CPU time between two moments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    pub cpu_ns: u64,
    /// How long threads that could have run had no core: the neighbours' work.
    pub waited_ns: u64,
}

impl Cpu {
    pub fn of(processes: &[u32]) -> Self {
        let mut cpu = Self { threads: HashMap::new(), coarse_ns: 0 };
        for id in processes.iter().flat_map(|id| descendants(*id)) {
            cpu.coarse_ns += coarse_ns(id).unwrap_or(0);
            let Ok(tasks) = fs::read_dir(format!("/proc/{id}/task")) else { continue };
            for task in tasks.flatten() {
                let thread = task.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
                let times = fs::read_to_string(task.path().join("schedstat")).ok();
                let times = times.as_deref().and_then(schedstat);
                if let (Some(thread), Some(times)) = (thread, times) {
                    cpu.threads.insert(thread, times);
                }
            }
        }
        cpu
    }

    pub fn since(&self, earlier: &Self) -> Used {
        let mut used = Used::default();
        for (thread, (ran, waited)) in &self.threads {
            let (ran_before, waited_before) = earlier.threads.get(thread).copied().unwrap_or_default();
            used.cpu_ns += ran.saturating_sub(ran_before);
            used.waited_ns += waited.saturating_sub(waited_before);
        }
        let is_one_gone = earlier.threads.keys().any(|thread| !self.threads.contains_key(thread));
        if is_one_gone {
            // What it used at last is only in the coarse figure.
            used.cpu_ns = used.cpu_ns.max(self.coarse_ns.saturating_sub(earlier.coarse_ns));
        }
        used
    }
}

/// A process and all that came of it.
pub fn descendants(id: u32) -> Vec<u32> {
    let mut found = vec![id];
    let mut at = 0;
    while let Some(id) = found.get(at).copied() {
        at += 1;
        let Ok(tasks) = fs::read_dir(format!("/proc/{id}/task")) else { continue };
        for task in tasks.flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            found.extend(children.split_ascii_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
    }
    found
}

fn schedstat(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.split_ascii_whitespace().map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

fn coarse_ns(id: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program is in parentheses and may hold anything; what follows it begins with field 3.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(14 - 3);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(ticks * TICK_NS)
}

/// The resident memory of processes and their descendants.
pub fn resident_bytes(processes: &[u32]) -> u64 {
    sum(processes, "status", "VmRSS:") * 1024
}

/// The most that it has been.
pub fn most_resident_bytes(processes: &[u32]) -> u64 {
    sum(processes, "status", "VmHWM:") * 1024
}

/// What processes and their descendants have had written to disks.
pub fn written_bytes(processes: &[u32]) -> u64 {
    sum(processes, "io", "write_bytes:")
}

fn sum(processes: &[u32], file: &str, name: &str) -> u64 {
    let number = |id: u32| {
        let text = fs::read_to_string(format!("/proc/{id}/{file}")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().next()?.parse::<u64>().ok()
    };
    processes.iter().flat_map(|id| descendants(*id)).filter_map(number).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_of_this_process_is_seen() {
        let own = [std::process::id()];
        let before = Cpu::of(&own);
        let begin = std::time::Instant::now();
        let mut sum = 0_u64;
        while begin.elapsed().as_millis() < 50 {
            sum = sum.wrapping_add(std::hint::black_box(1));
        }
        let used = Cpu::of(&own).since(&before);
        // A busy machine may give us less of a core, never nothing.
        assert!(used.cpu_ns > 1_000_000, "{used:?}, {sum}");
        assert!(resident_bytes(&own) > 500_000);
    }

    #[test]
    fn a_thread_that_ended_is_not_lost() {
        let cpu = |threads: &[(u32, u64)], coarse_ns| {
            let threads = threads.iter().map(|(id, ran)| (*id, (*ran, 0))).collect();
            Cpu { threads, coarse_ns }
        };
        let before = cpu(&[(1, 100), (2, 100)], 0);
        assert_eq!(cpu(&[(1, 150), (2, 110)], 10_000_000).since(&before).cpu_ns, 60);
        assert_eq!(cpu(&[(1, 150)], 10_000_000).since(&before).cpu_ns, 10_000_000);
        assert_eq!(cpu(&[(1, 150), (2, 100), (3, 7)], 0).since(&before).cpu_ns, 57);
    }
}
