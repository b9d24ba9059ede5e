//! How an engine writes things down: every key and value that it has after a few batches, in `tests/stores`.
//!
//! What an engine writes is compared with the page of the current format, which `BLESS=1` writes anew. The pages of all
//! formats are put into stores and read.

use std::path::PathBuf;

use protocol::id::UserId;

use super::*;
use crate::storage::format::Format;

/// A row as an engine keeps it: what it is, its key, its value, in as many parts as there are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) kind: String,
    pub(crate) parts: Vec<Vec<u8>>,
}

impl Row {
    pub(crate) fn new(kind: &str, parts: &[&[u8]]) -> Self {
        Self { kind: kind.to_owned(), parts: parts.iter().map(|part| part.to_vec()).collect() }
    }

    fn line(&self) -> String {
        let parts = self.parts.iter().map(|part| format!("\t{}", part.escape_ascii()));
        format!("{}{}\n", self.kind, parts.collect::<String>())
    }

    fn from_line(line: &str) -> Self {
        let mut parts = line.split('\t');
        Self { kind: parts.next().unwrap().to_owned(), parts: parts.map(plain).collect() }
    }
}

/// Takes back what `escape_ascii` did.
fn plain(text: &str) -> Vec<u8> {
    let mut found = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            found.push(byte);
            continue;
        }
        found.push(match bytes.next().unwrap() {
            b't' => b'\t',
            b'n' => b'\n',
            b'r' => b'\r',
            b'x' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    found
}

fn page(format: Format, engine: &str) -> PathBuf {
    let name = format!("../tests/stores/format-{format}/{engine}.txt");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares what an engine wrote with the page of the current format.
pub(crate) fn compare(engine: &str, mut rows: Vec<Row>) {
    rows.sort();
    let written: String = rows.iter().map(Row::line).collect();
    let page = page(Format::CURRENT, engine);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(page.parent().unwrap()).unwrap();
        std::fs::write(&page, &written).unwrap();
    }
    let committed = std::fs::read_to_string(&page).unwrap_or_default();
    let differs = written.lines().zip(committed.lines()).find(|(new, old)| new != old);
    assert!(
        written == committed,
        "{} is not what the engine writes: if stores that have it so are still read, BLESS=1; if not, it is another \
         format\n{differs:?}",
        page.display()
    );
    for row in rows {
        assert_eq!(Row::from_line(row.line().trim_end_matches('\n')), row);
    }
}

/// The rows of each format but the first, of which there are whole stores only.
pub(crate) fn pages(engine: &str) -> Vec<Vec<Row>> {
    let read = |format| std::fs::read_to_string(page(format, engine)).unwrap();
    let formats = Format::FIRST.steps().unwrap();
    formats.map(read).map(|page| page.lines().map(Row::from_line).collect()).collect()
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn alice() -> Partition {
    Partition::user(AppId(7), &user("alice"))
}

fn two() -> Partition {
    Partition::pair(AppId(7), &user("bob"), &user("alice"))
}

fn log_of(partition: Partition, name: &'static str) -> Log {
    Log { partition, name: name.into() }
}

fn at(second: u64) -> Millis {
    Millis(1_700_000_000_000 + 1000 * second)
}

/// What each table of records has.
const SUFFIX: &[u8] = b"\x01of all";

fn records() -> impl Iterator<Item = Key> {
    let is_record = |table: &Table| !matches!(table, Table::Counter | Table::Message);
    Table::ALL.into_iter().filter(is_record).map(|table| Key::new(table, SUFFIX))
}

fn count(name: &'static str) -> Key {
    Key::new(Table::Counter, name)
}

/// What batches with tokens were answered.
fn told() -> [(Batch, Committed); 3] {
    let answer = |entries: &[(u64, u64)], counters: &[i64]| Committed {
        entries: entries.iter().map(|(seq, second)| LogEnd { seq: Seq(*seq), at: at(*second) }).collect(),
        counters: counters.to_vec(),
        repeated: false,
    };
    let one = Batch::new(two(), at(2)).idempotency_key("one").append("said", "first");
    let several =
        Batch::new(two(), at(3)).idempotency_key("several").append("said", "second").append("other", "\0");
    let several = several.append("said", "third").add(count("a"), 5, None).add(count("b"), -7, None);
    let none = Batch::new(alice(), at(4)).idempotency_key("none").add(count("c"), 1 << 60, None);
    [
        (one, answer(&[(1, 2)], &[])),
        (several, answer(&[(2, 3), (1, 3), (3, 3)], &[5, -7])),
        (none, answer(&[], &[1 << 60])),
    ]
}

/// Fills a store that is empty with something of everything. Each batch is a group of its own.
pub(crate) async fn fill(engine: &dyn Engine) {
    let all = records().fold(Batch::new(alice(), at(1)), |batch, key| batch.put(key, "{}"));
    let gone = Key::new(Table::Joined, "gone");
    engine.commit(all.put(gone.clone(), "{}")).await.unwrap();
    for (batch, answer) in told() {
        assert_eq!(engine.commit(batch).await.unwrap(), answer);
    }
    engine.commit(Batch::new(alice(), at(5)).delete(gone).append("notice", "n")).await.unwrap();
    engine.trim(&log_of(two(), "said"), Seq(3)).await.unwrap();
}

/// Whether that is what there is in a store with these rows. An earlier format may not have every table.
pub(crate) async fn check(engine: &dyn Engine, rows: &[Row]) {
    let parts: Vec<_> = rows.iter().flat_map(|row| &row.parts).collect();
    let has = |table: Table| parts.iter().any(|part| part.ends_with(SUFFIX) && part[0] == table.letter());
    for key in records().filter(|key| has(key.table)) {
        let found = engine.get(&alice(), std::slice::from_ref(&key)).await.unwrap().remove(0).unwrap();
        assert_eq!((found.version, &found.bytes[..]), (Version(1), &b"{}"[..]), "{key:?}");
        let all = Scan { table: key.table, ..all_of(key.table) };
        let found = engine.scan(&alice(), all).await.unwrap();
        assert!(found.iter().map(|(suffix, _)| suffix).eq([&key.suffix]), "{key:?}");
    }
    assert_eq!(engine.counters(&two(), &[count("a"), count("b"), count("c")]).await.unwrap(), [5, -7, 0]);
    assert_eq!(engine.counters(&alice(), &[count("c")]).await.unwrap(), [1 << 60]);
    for (log, seq, second, bytes) in [
        (log_of(two(), "said"), 3, 3, &b"third"[..]),
        (log_of(two(), "other"), 1, 3, b"\0"),
        (log_of(alice(), "notice"), 1, 5, b"n"),
    ] {
        let last = Entry { seq: Seq(seq), at: at(second), bytes: bytes.into() };
        assert_eq!(engine.log_end(&log).await.unwrap(), LogEnd { seq: last.seq, at: last.at });
        assert_eq!(engine.read(&log, ALL).await.unwrap(), [last]);
    }
    assert_eq!(engine.logs(None, 10).await.unwrap().logs.len(), 3);
    for (batch, answer) in told() {
        let again = engine.commit(batch).await.unwrap();
        assert_eq!(again, Committed { repeated: true, ..answer });
    }
}
