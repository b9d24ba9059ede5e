//! Opens a store whose process was killed, and compares it with the ledger.

use std::path::Path;

use gateway::bus::LocalBus;
use gateway::storage::embedded::Embedded;
use gateway::storage::{Engine, Log, LogEnd, Window};
use protocol::id::{Millis, Seq};

use crate::ledger::{Ledger, Place};
use crate::writer::{GROUPS, LOG, group, length, newest};
use crate::{Kind, WRITERS};

/// Remembers how far it has looked, so that each look takes the time of what is new.
#[derive(Default)]
pub(crate) struct Judge {
    ends: [LogEnd; GROUPS],
    /// The last number of each writer that stands in a log.
    found: [u64; WRITERS],
}

impl Judge {
    pub(crate) fn judge(&mut self, kind: Kind, dir: &Path, ledger: &mut Ledger) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let engine = Embedded::open_with(dir, LocalBus::new().0, &kind.settings()).unwrap();
            for number in 0..GROUPS {
                self.group(&engine, number, ledger).await;
            }
            for writer in 0..WRITERS {
                self.writer(&engine, writer, ledger).await;
            }
            engine.close().await.unwrap();
        });
    }

    async fn group(&mut self, engine: &Embedded, number: usize, ledger: &Ledger) {
        let log = Log { partition: group(number), name: LOG.into() };
        let end = engine.log_end(&log).await.unwrap();
        let before = self.ends[number];
        assert!(end.seq >= before.seq, "group {number} became shorter: {before:?}, {end:?}");
        let window = Window { from: before.seq.next(), to: end.seq, limit: usize::MAX, newest_first: false };
        let mut last = before;
        for entry in Engine::read(engine, &log, window).await.unwrap() {
            assert_eq!(entry.seq, last.seq.next(), "group {number} is dense");
            assert!(entry.at >= last.at, "times of group {number} at {}", entry.seq);
            last = LogEnd { seq: entry.seq, at: entry.at };
            self.entry(last, std::str::from_utf8(&entry.bytes).unwrap(), ledger);
        }
        assert_eq!(last, end, "the end of group {number} is its last entry");
        self.ends[number] = end;

        let length = engine.counters(&group(number), &[length()]).await.unwrap()[0];
        assert_eq!(
            length, end.seq.0 as i64,
            "the count of group {number} and its entries were stored together"
        );
    }

    fn entry(&mut self, end: LogEnd, text: &str, ledger: &Ledger) {
        let mut fields = text.split(' ').map(|field| field.parse::<u64>());
        let writer = fields.next().unwrap().unwrap() as usize;
        let number = fields.next().unwrap().unwrap();
        // A writer submits its next batch after the acknowledgement, so its numbers stand in order, each once.
        assert_eq!(number, self.found[writer] + 1, "writer {writer} at {}", end.seq);
        self.found[writer] = number;
        let LogEnd { seq: Seq(seq), at: Millis(at) } = end;
        match ledger.place(writer, number) {
            Some(place) => assert_eq!(place, Place { seq, at }, "writer {writer}, number {number}"),
            None => assert_eq!(number, ledger.last(writer) + 1, "at most one batch was under way"),
        }
    }

    async fn writer(&mut self, engine: &Embedded, writer: usize, ledger: &Ledger) {
        let found = self.found[writer];
        assert!(
            found >= ledger.last(writer),
            "acknowledged batches of writer {writer} are lost after {found}"
        );
        let partition = group(writer % GROUPS);
        let value = engine.get(&partition, &[newest(writer)]).await.unwrap().remove(0);
        let newest = value.map_or(0, |value| std::str::from_utf8(&value.bytes).unwrap().parse().unwrap());
        assert_eq!(newest, found, "the record of writer {writer} and its entries were stored together");
    }
}
