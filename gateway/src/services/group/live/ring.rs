//! The latest of what was told in a room, in memory: to be recalled, asked for, and told to those who come.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::event::live;
use protocol::id::{Millis, Seq};
use protocol::message::Message;
use serde_json::value::RawValue;

use crate::bus::{Entry, Event, Numbering, Stamp};

/// What an item takes beside what was said, about.
const BESIDE: usize = 600;

/// Something that was told, as those read it who ask for it.
pub(super) struct Item {
    /// Where it stands among what was told in the room: its offset on the bus where that has one.
    pub(super) place: u64,
    /// What has no number of its own has that of the item before it.
    pub(super) stamp: Stamp,
    event: Arc<Event>,
    is_recalled: bool,
    bytes: usize,
}

/// Items, the oldest first.
#[derive(Default)]
pub(super) struct Ring {
    items: VecDeque<Item>,
    bytes: usize,
    /// Of the next item.
    next: u64,
}

impl Item {
    pub(super) fn message(&self) -> Option<&Message> {
        match self.event.told()? {
            Entry::GroupMessage { message, .. } => Some(message),
            _ => None,
        }
    }

    /// As clients read it that ask.
    pub(super) fn polled(&self) -> Option<Box<RawValue>> {
        let Stamp { seq, at } = self.stamp;
        match self.event.told() {
            Some(Entry::GroupMessage { .. }) if self.is_recalled => None,
            Some(Entry::GroupMessage { group, message, .. }) => Some(live::message(group, seq, at, message)),
            Some(Entry::GroupTip { group, tip, .. }) => Some(live::tip(group, seq, at, tip)),
            Some(_) => None,
            None => match self.event.as_ref() {
                Event::Control(crate::bus::Control::Dismissed { notice, .. }) => {
                    Some(live::notice(notice, seq, at))
                }
                Event::Push(push) => live::pushed(push.body(), seq),
                _ => None,
            },
        }
    }
}

impl Ring {
    /// Notes what was told.
    pub(super) fn push(
        &mut self,
        stamp: Option<Stamp>,
        numbering: Numbering,
        now: Millis,
        event: Arc<Event>,
        most: (usize, usize),
    ) {
        let (most_items, most_bytes) = most;
        let last = self.items.back().map_or(Seq::ZERO, |last| last.stamp.seq);
        // Clients drop an item whose number they had. Nothing comes behind the end of the room.
        let is_end = matches!(event.as_ref(), Event::Control(_));
        let seq = if is_end { last.next() } else { last };
        let stamp = stamp.unwrap_or(Stamp { seq, at: now });
        let said = match event.told() {
            Some(Entry::GroupMessage { message, .. }) => {
                message.body.as_json().len() + message.cloud_custom_data.len()
            }
            _ => 0,
        };
        let bytes = BESIDE + said;
        // Where offsets were lost they are counted on from here.
        let place = match numbering {
            Numbering::Offset(offset) => offset.max(self.next),
            Numbering::Entry | Numbering::Unneeded => self.next,
        };
        self.bytes += bytes;
        self.items.push_back(Item { place, stamp, event, is_recalled: false, bytes });
        self.next = place + 1;
        while self.items.len() > most_items || (self.bytes > most_bytes && self.items.len() > 1) {
            let Some(oldest) = self.items.pop_front() else { break };
            self.bytes -= oldest.bytes;
        }
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter()
    }

    /// Where the next item will stand.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The number behind all that was told.
    pub(super) fn next_seq(&self) -> Seq {
        self.items.back().map_or(Seq::ZERO, |last| last.stamp.seq.next())
    }

    /// The message with a number, and whether it was recalled.
    pub(super) fn message(&self, seq: Seq) -> Option<(Stamp, &Message, bool)> {
        let item = self.items.iter().find(|item| item.stamp.seq == seq && item.message().is_some())?;
        item.message().map(|message| (item.stamp, message, item.is_recalled))
    }

    pub(super) fn recall(&mut self, seq: Seq) {
        if let Some(item) = self.items.iter_mut().find(|item| item.stamp.seq == seq) {
            item.is_recalled = true;
        }
    }

    /// The latest messages, the oldest of them first.
    pub(super) fn recent(&self, most: usize) -> Vec<Box<RawValue>> {
        let messages = self.items.iter().rev().filter(|item| item.message().is_some() && !item.is_recalled);
        let mut recent: Vec<_> = messages.take(most).filter_map(Item::polled).collect();
        recent.reverse();
        recent
    }
}
