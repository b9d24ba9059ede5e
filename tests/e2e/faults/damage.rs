//! Damaged files: what is whole is served, and the tools tell and bring out the rest.

use std::fs;
use std::path::{Path, PathBuf};

use super::program::{Program, run};

const SAID: usize = 30;

/// A data directory with a group of [`SAID`] messages in it, all in tables, and who may read them.
async fn filled(data: &Path) -> (protocol::usersig::SecretKey, tests::Group) {
    let mut program = Program::start(data, |_| {}).await;
    program.ready(200).await;
    let alice = program.user("alice").await;
    let group = alice.create_group("lobby").await;
    for number in 0..SAID {
        alice.send_text(&group, &format!("said {number:04} {}", "x".repeat(100))).await;
    }
    let key = program.key();
    assert!(program.stop().await.success());
    // Reading all of it puts the rows of the journals into tables.
    let (is_whole, damages, _) = run(&["verify"], data, |_| {});
    assert!(is_whole && damages.is_empty(), "{damages}");
    (key, group)
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Flips a bit of a message's text where it lies in the files.
fn damage_text(data: &Path, text: &str) {
    let mut paths = Vec::new();
    files(&data.join("store/rows/keyspaces"), &mut paths);
    let mut count = 0;
    for path in paths {
        let mut bytes = fs::read(&path).unwrap();
        let places: Vec<usize> = bytes
            .windows(text.len())
            .enumerate()
            .filter(|(_, window)| *window == text.as_bytes())
            .map(|(at, _)| at)
            .collect();
        for at in &places {
            bytes[*at] ^= 1;
        }
        if !places.is_empty() {
            fs::write(&path, bytes).unwrap();
            count += places.len();
        }
    }
    assert!(count > 0, "{text:?} is in no table");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_message_is_a_gap_and_nothing_more() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (key, group) = filled(&data).await;
    damage_text(&data, "said 0010 ");
    // The last one as well, which every list shows and after which numbers go on.
    damage_text(&data, &format!("said {:04} ", SAID - 1));

    let mut program = Program::start_with(&data, key.clone(), |_| {}).await;
    program.ready(200).await;
    let alice = program.user("alice").await;
    assert_eq!(alice.joined().await, std::slice::from_ref(&group.id));
    let texts = alice.history_texts(&group).await;
    let gaps = texts.iter().filter(|(_, text)| text.contains("is damaged")).count();
    assert_eq!((texts.len(), gaps), (SAID, 2), "{texts:?}");
    alice.conversations().await;
    let sent = alice.send_text(&group, "after").await;
    assert!(texts.iter().all(|(seq, _)| *seq < sent.seq));
    assert!(program.stop().await.success());

    let (is_whole, damages, said) = run(&["verify"], &data, |_| {});
    assert!(!is_whole);
    assert_eq!(damages.lines().count(), 2, "{damages}");
    assert!(damages.contains("group lobby, number 1"), "{damages}");
    assert!(said.contains("gateway salvage"), "{said}");

    let new = dir.path().join("new");
    let (is_done, damages, said) = run(&["salvage", "--to", new.to_str().unwrap()], &data, |_| {});
    assert!(is_done, "{damages}{said}");
    let (is_whole, damages, _) = run(&["verify"], &new, |_| {});
    // What is lost is lost; what is there is whole.
    assert!(!is_whole && damages.lines().count() == 1 && damages.contains("cannot be read"), "{damages}");
    let mut program = Program::start_with(&new, key, |_| {}).await;
    program.ready(200).await;
    let alice = program.user("alice").await;
    let texts = alice.history_texts(&group).await;
    let gaps = texts.iter().filter(|(_, text)| text.contains("is damaged")).count();
    assert_eq!((texts.len(), gaps), (SAID + 1, 2), "{texts:?}");
    alice.send_text(&group, "on").await;
}

/// A block of records is lost with one byte of it: what its users and groups lose is theirs alone, and told by a code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_block_of_records_costs_nobody_else_anything() {
    const GROUPS: usize = 40;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut program = Program::start(&data, |_| {}).await;
    program.ready(200).await;
    let alice = program.user("alice").await;
    let bob = program.user("bob").await;
    let mut groups = Vec::new();
    for number in 0..GROUPS {
        let group = alice.create_group(&format!("room{number:02}")).await;
        bob.join(&group).await;
        bob.send_text(&group, "before").await;
        groups.push(group);
    }
    let key = program.key();
    assert!(program.stop().await.success());
    let (is_whole, damages, _) = run(&["verify"], &data, |_| {});
    assert!(is_whole && damages.is_empty(), "{damages}");
    // The record of the group, not what names it elsewhere.
    damage_text(&data, "\"room20\"");

    let log = dir.path().join("log");
    let mut program = Program::start_with(&data, key.clone(), |command| {
        command.stderr(fs::File::create(&log).unwrap());
    })
    .await;
    program.ready(200).await;
    let bob = program.user("bob").await;
    let alice = program.user("alice").await;
    let listed = bob.joined().await;
    bob.conversations().await;
    let mut lost = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let sent = bob.try_send_text(group, "after").await;
        if sent.code() == 0 {
            assert!(listed.contains(&group.id), "{} is not in the list", group.id);
            assert_eq!(bob.history_texts(group).await.len(), 2);
            alice.expect_message(group, "after").await;
        } else {
            assert_eq!(sent.code(), 10002, "{}", group.id);
            lost.push(number);
        }
    }
    assert!(lost.contains(&20) && lost.len() <= GROUPS / 2, "{lost:?}");
    assert_eq!(lost.last().unwrap() - lost[0] + 1, lost.len(), "one block: {lost:?}");
    assert!(program.stop().await.success());
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("keyspaces/2/tables/"), "no line names the file: {log}");

    let new = dir.path().join("new");
    let (is_done, damages, said) = run(&["salvage", "--to", new.to_str().unwrap()], &data, |_| {});
    assert!(is_done && !damages.is_empty(), "{damages}{said}");
    let mut program = Program::start_with(&new, key, |_| {}).await;
    program.ready(200).await;
    let bob = program.user("bob").await;
    for (number, group) in groups.iter().enumerate().filter(|(number, _)| !lost.contains(number)) {
        assert_eq!(bob.history_texts(group).await.len(), 2, "{number}");
        bob.send_text(group, "on").await;
    }
}

/// A store of which all is in the journal starts by itself: a byte that is wrong is put right, a message of which more is
/// damaged is a gap. What nobody can name is salvaged by an operator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_journal_is_mended_at_the_start_or_salvaged() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut program = Program::start(&data, |_| {}).await;
    program.ready(200).await;
    let alice = program.user("alice").await;
    let group = alice.create_group("lobby").await;
    for number in 0..SAID {
        alice.send_text(&group, &format!("said {number:04}")).await;
    }
    let key = program.key();
    drop(program);
    let journal = || {
        let mut journals = Vec::new();
        files(&data.join("store/rows"), &mut journals);
        journals.retain(|path| path.extension().is_some_and(|extension| extension == "jnl"));
        journals.sort();
        journals.pop().unwrap()
    };
    let damage = |text: &str, harm: &dyn Fn(&mut [u8], usize)| {
        let mut bytes = fs::read(journal()).unwrap();
        let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
        harm(&mut bytes, at);
        fs::write(journal(), bytes).unwrap();
    };
    let log = dir.path().join("log");
    let start = async |data: &Path| {
        let log = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut program = Program::start_with(data, key.clone(), |command| {
            command.stderr(log);
        })
        .await;
        program.ready(200).await;
        program
    };
    let texts = async |program: &Program, gaps: &[&str], sent: usize| {
        let alice = program.user("alice").await;
        let texts = alice.history_texts(&group).await;
        assert_eq!(texts.len(), SAID + sent, "{texts:?}");
        let damaged = texts.iter().filter(|(_, text)| text.contains("is damaged")).count();
        assert_eq!(damaged, gaps.len(), "{texts:?}");
        assert!(!texts.iter().any(|(_, text)| gaps.contains(&&text[..])), "{texts:?}");
        alice.conversations().await;
        let sent = alice.send_text(&group, "after").await;
        assert!(texts.iter().all(|(seq, _)| *seq < sent.seq));
    };

    damage("said 0010", &|bytes, at| bytes[at] ^= 1);
    let program = start(&data).await;
    texts(&program, &[], 0).await;
    assert!(program.stop().await.success());
    let logged = fs::read_to_string(&log).unwrap();
    assert!(logged.contains(".jnl") && logged.contains("nothing is lost"), "{logged}");

    damage("said 0012", &|bytes, at| bytes[at..at + 6].fill(b'?'));
    let program = start(&data).await;
    texts(&program, &["said 0012"], 1).await;
    assert!(program.stop().await.success());
    let logged = fs::read_to_string(&log).unwrap();
    assert!(logged.contains("group lobby, number 13") && logged.contains("store/damaged/"), "{logged}");
    assert_eq!(fs::read_dir(data.join("store/damaged")).unwrap().count(), 2, "the damaged files are kept");

    // The item of its batch from the beginning: nobody knows what it was.
    damage("said 0020", &|bytes, at| {
        let head = [2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        let begin = bytes[..at].windows(head.len()).rposition(|window| window == head).unwrap();
        bytes[begin..at + 9].fill(0);
    });
    let (is_fine, _, said) = run(&["--listen", "127.0.0.1:0"], &data, |command| {
        command.env("GATEWAY_SECRET_KEY", key.expose());
    });
    assert!(!is_fine && said.contains("gateway salvage"), "{said}");
    let (is_whole, damages, _) = run(&["verify"], &data, |_| {});
    assert!(!is_whole && damages.contains("damaged at byte"), "{damages}");
    let new = dir.path().join("new");
    let (is_done, damages, said) = run(&["salvage", "--to", new.to_str().unwrap()], &data, |_| {});
    assert!(is_done && damages.contains("damaged at byte"), "{damages}{said}");
    let program = start(&new).await;
    texts(&program, &["said 0012", "said 0020"], 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_lock_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let (key, group) = filled(dir.path()).await;
    for lock in ["store/lock", "store/rows/lock"] {
        let _ = fs::remove_file(dir.path().join(lock));
    }
    let mut program = Program::start_with(dir.path(), key, |_| {}).await;
    program.ready(200).await;
    assert_eq!(program.user("alice").await.history_texts(&group).await.len(), SAID);
}

/// A damaged block that the store comes to merge costs what it held, and nobody needs to do anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_table_is_merged_without_what_it_lost() {
    const MOST_ROUNDS: usize = 12;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (key, group) = filled(&data).await;
    let log = dir.path().join("log");
    let is_mended = || fs::read_to_string(&log).unwrap().contains("the store was mended");
    let start = async || {
        let log = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut program = Program::start_with(&data, key.clone(), |command| {
            command.stderr(log);
        })
        .await;
        program.ready(200).await;
        program
    };
    let (mut said, mut lost) = (SAID, Vec::new());
    for round in 0.. {
        assert!(round < MOST_ROUNDS, "nothing was merged");
        let mut program = start().await;
        let alice = program.user("alice").await;
        // Tables are merged that have rows between each other's.
        for name in ["before", "last", "zzz-behind"] {
            let other = alice.create_group(&format!("{name}-{round}")).await;
            alice.send_text(&other, "there").await;
        }
        let sent = alice.send_text(&group, "on").await;
        said += 1;
        if round == 2 && sent.seq as usize == said + 1 {
            // Of the number right behind the one that was lost it cannot always be told whether it was lost, too. It is left
            // out then, a gap for whoever reads.
            said += 1;
            lost.push(said - 1);
        }
        assert_eq!(sent.seq as usize, said, "a number was used twice or left out");
        assert!(program.is_running());
        assert!(program.stop().await.success());
        if is_mended() {
            break;
        }
        // It puts what is in the journal into another table, and may come to merge them itself.
        run(&["verify"], &data, |_| {});
        if round == 1 {
            // The newest table has what was said last. The first one is not merged before the store is large.
            let mut tables = Vec::new();
            files(&data.join("store/rows/keyspaces/1/tables"), &mut tables);
            let number = |table: &Path| table.file_name().unwrap().to_str().unwrap().parse::<u64>().unwrap();
            let newest = tables.iter().max_by_key(|table| number(table)).unwrap();
            let mut bytes = fs::read(newest).unwrap();
            bytes[100] ^= 1;
            fs::write(newest, bytes).unwrap();
            lost.push(said);
        }
    }
    let logged = fs::read_to_string(&log).unwrap();
    assert!(logged.contains("keyspaces/1/tables/") && logged.contains("group lobby, number"), "{logged}");
    assert_eq!(fs::read_dir(data.join("store/damaged")).unwrap().count(), 1, "the damaged file is kept");

    let program = start().await;
    let alice = program.user("alice").await;
    let texts = alice.history_texts(&group).await;
    assert_eq!(texts.len(), said, "{texts:?}");
    let gaps = texts.iter().filter(|(_, text)| text.contains("is damaged")).map(|(seq, _)| *seq as usize);
    assert_eq!(gaps.collect::<Vec<_>>(), lost, "{texts:?}");
    assert!(alice.joined().await.contains(&group.id));
    alice.conversations().await;
    assert!(program.stop().await.success());
    let (is_whole, damages, _) = run(&["verify"], &data, |_| {});
    assert!(!is_whole && damages.contains("was lost when its table was mended"), "{damages}");
}
