//! Devices that come back: what they missed, and how it is known what they have.

use std::sync::Arc;
use std::time::Duration;

use protocol::id::{ChannelId, Millis, Seq, UserId};
use protocol::{envelope, event};

use super::connection::Connection;
use super::frame::{self, Content, Encoded, Frame, text_frame};
use super::{Attachment, Hub, NotFollowed};
use crate::bus::{AsideOf, Entry, Event, MostMissed, Stamp, Topic};

/// Devices for which it is read at once what they missed: after a restart all come at once.
pub(super) const AT_ONCE: usize = 64;

/// What is said takes this long at most to be written to those who hear it, where nothing is known to be in the way: a disk
/// may be slow between the time of an entry and its announcement, and what a bus lost is noticed by the look for quiet topics.
/// Who is back is told as much again.
pub(super) const ON_THE_WAY: Duration = Duration::from_secs(10);

/// How often it is noted how far the workers are.
const TICK: Duration = Duration::from_secs(1);

/// What is told of what was missed, about; and no more than half of what may wait for a socket, for as much may be said
/// meanwhile.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// A device that comes back.
#[derive(Clone, Copy, Debug)]
pub struct Back {
    /// What was said before, and was to be heard by it, it has.
    pub since: Millis,
    /// Messages of a conversation that it is told at most. Where it missed more, it reads the conversation anew.
    pub most_messages: usize,
}

/// What a device has missed.
#[derive(Default)]
pub struct Missed {
    pub(super) pushes: Vec<MissedPush>,
    /// What it is told when it has come to the end of those.
    pub(super) late: Vec<MissedPush>,
}

impl Missed {
    pub fn is_empty(&self) -> bool {
        self.pushes.is_empty() && self.late.is_empty()
    }
}

/// A push that a device has missed.
pub(super) struct MissedPush {
    pub(super) subject: Option<Subject>,
    pub(super) frame: Frame,
    /// Whether it was said so lately that its own push may still be on its way.
    pub(super) is_fresh: bool,
}

impl MissedPush {
    /// What an event is to the device of a connection; nothing where it does not hear of it.
    pub(super) fn of(
        connection: &Connection,
        attached: &Attachment,
        stamp: Stamp,
        event: &Event,
    ) -> Option<Self> {
        let is_own = event.origin().is_some_and(|(user, device)| {
            device == attached.device.id && *user == attached.user && !connection.dialect.hears_itself()
        });
        if is_own || frame::has_left(event, &attached.user) {
            return None;
        }
        let encoded = Encoded::new(Content::Event(event, stamp, attached.user.clone()));
        let frame = encoded.frame(connection.dialect)?;
        Some(Self { subject: Subject::of(attached, event, stamp.seq), frame, is_fresh: false })
    }
}

/// What a push tells of, where a client is not to hear of it twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// An entry of a group, or of the talk with a peer.
    Entry(Topic, Seq),
    /// The recall of one.
    Recall(Topic, Stamp),
}

impl Subject {
    /// What an event tells a device of this user.
    pub(super) fn of(attached: &Attachment, event: &Event, seq: Seq) -> Option<Self> {
        let group = |group: &ChannelId| Topic::Group(attached.app, group.clone());
        let peer = |peer: &UserId| Topic::User(attached.app, peer.clone());
        match event {
            Event::Entry(Entry::GroupMessage { group: label, .. } | Entry::GroupTip { group: label, .. }) => {
                Some(Subject::Entry(group(&label.id), seq))
            }
            Event::Entry(Entry::C2cMessage { to, message }) => {
                let is_own = message.from.user == attached.user;
                Some(Subject::Entry(peer(if is_own { to } else { &message.from.user }), seq))
            }
            Event::Push(_) => match &event.aside()?.of {
                AsideOf::Recall { message, group: of } => Some(Subject::Recall(group(of), *message)),
                AsideOf::PeerRecall { peer: with, message } => Some(Subject::Recall(peer(with), *message)),
                AsideOf::PeerRead { .. } | AsideOf::ReadByPeer { .. } | AsideOf::GroupRead { .. } => None,
            },
            Event::Entry(Entry::Notice { .. } | Entry::Mark { .. })
            | Event::Control(_)
            | Event::Passing(_)
            | Event::Unknown => None,
        }
    }
}

impl Hub {
    /// The pushes that a device has missed which had everything said before a time: what was said since, in order. To be
    /// asked for when it follows its topics, and written before anything else that is pushed to it.
    pub(super) async fn missed(
        &self,
        connection: &Arc<Connection>,
        attached: &Attachment,
        back: Back,
    ) -> Result<Missed, NotFollowed> {
        // The semaphore is never closed.
        let _permit = self.returns.acquire().await;
        let bytes = MOST_BYTES.min(connection.outbound.most_bytes() / 2);
        let most = MostMissed { messages: back.most_messages, bytes };
        let (app, user, device) = (attached.app, &attached.user, attached.device.id);
        let missed = self.source.missed_by_device(app, user, device, back.since, most).await;
        let missed = missed.map_err(|error| {
            tracing::warn!(%error, "what a device has missed could not be read");
            NotFollowed
        })?;
        metrics::counter!("gateway_resumed_total").increment(1);
        metrics::counter!("gateway_resumed_events_total")
            .increment((missed.events.len() + missed.late.len()) as u64);
        metrics::counter!("gateway_resumed_anew_total").increment(missed.anew as u64);
        let fresh_from = earlier(self.clock.now(), ON_THE_WAY);
        let push = |(stamp, event): &(Stamp, Event)| {
            let encoded = Encoded::new(Content::Event(event, *stamp, user.clone()));
            let frame = encoded.frame(connection.dialect)?;
            let is_fresh = stamp.at >= fresh_from;
            Some(MissedPush { subject: Subject::of(attached, event, stamp.seq), frame, is_fresh })
        };
        let pushes = missed.events.iter().filter_map(push).collect();
        Ok(Missed { pushes, late: missed.late.iter().filter_map(push).collect() })
    }

    /// Asks the device for a receipt, behind all that was pushed to it till now. Gives the time that it names: the device
    /// has what was said before it when it acknowledges that. It is known to have what was said before `known`.
    pub fn ask_receipt(&self, connection: &Arc<Connection>, known: Millis) -> Option<Millis> {
        let attached = connection.attachment()?;
        let at = self.written_before(connection, &attached).max(known);
        let text = envelope::push(event::PUSH, &event::push::receipt_wanted(at));
        connection.outbound.push_receipt(&text_frame(connection.dialect, &text));
        Some(at)
    }

    /// The time before which everything that the device hears is written to its connection.
    fn written_before(&self, connection: &Arc<Connection>, attached: &Attachment) -> Millis {
        let reached = self.fanout.reached();
        let mut at = reached;
        if self.bus.can_lose() {
            let groups = connection.channels().into_iter().map(|channel| Topic::Group(attached.app, channel));
            let user = Topic::User(attached.app, attached.user.clone());
            let held = groups.chain([user]).filter_map(|topic| self.shards.held_for(&topic, reached)).max();
            let now = self.clock.now();
            at = held.map_or(at, |held| at.min(earlier(now, held)));
        }
        earlier(at, ON_THE_WAY)
    }

    /// Has it noted, for as long as the process lives, how far the workers are.
    pub(super) async fn keep_time(self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // What waits on the bus has not come to them.
            if !self.bus.is_behind() {
                self.fanout.reach(self.clock.now()).await;
            }
        }
    }
}

pub(super) fn earlier(at: Millis, by: Duration) -> Millis {
    Millis(at.0.saturating_sub(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
}
