//! What the gateways of this process say and whether they panic, each for itself.
//!
//! The threads of a gateway bear its name, so that a line or a panic finds its owner also when tests run side by side.
//! Threads with other names (of the store) count for every gateway.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{LazyLock, Mutex, Once, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

#[derive(Default)]
struct Seen {
    logs: HashMap<String, Vec<u8>>,
    panics: HashMap<String, Vec<String>>,
}

static SEEN: LazyLock<Mutex<Seen>> = LazyLock::new(Mutex::default);

/// The name under which threads are noted that no gateway owns.
const NOBODY: &str = "";

pub(crate) fn thread_name(gateway: usize) -> String {
    format!("gateway-{gateway}")
}

fn owner() -> String {
    let thread = std::thread::current();
    match thread.name() {
        Some(name) if name.starts_with("gateway-") => name.to_owned(),
        _ => NOBODY.to_owned(),
    }
}

fn seen<T>(act: impl FnOnce(&mut Seen) -> T) -> T {
    act(&mut SEEN.lock().unwrap_or_else(PoisonError::into_inner))
}

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        seen(|seen| seen.logs.entry(owner()).or_default().extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Lines
    }
}

/// Begins to note logs (at debug level) and panics.
pub(crate) fn begin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
            .with_ansi(false)
            .with_writer(Lines)
            .init();
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            // A test that fails panics too, on its own thread and in its own files.
            let of_a_test = owner() == NOBODY && place.starts_with("tests/");
            if !of_a_test {
                let payload = panic.payload();
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let message = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or_default();
                let line = format!("{place}: {message}");
                seen(|seen| seen.panics.entry(owner()).or_default().push(line));
            }
            usual(panic);
        }));
    });
}

/// What a gateway has logged, and the store's threads with it.
pub(crate) fn logs(gateway: usize) -> String {
    let bytes = seen(|seen| {
        let of = |name: &str| seen.logs.get(name).cloned().unwrap_or_default();
        [of(&thread_name(gateway)), of(NOBODY)].concat()
    });
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(crate) fn own_logs(gateway: usize) -> String {
    let bytes = seen(|seen| seen.logs.get(&thread_name(gateway)).cloned().unwrap_or_default());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where a gateway panicked.
pub(crate) fn panics(gateway: usize) -> Vec<String> {
    seen(|seen| {
        let of = |name: &str| seen.panics.get(name).cloned().unwrap_or_default();
        [of(&thread_name(gateway)), of(NOBODY)].concat()
    })
}
