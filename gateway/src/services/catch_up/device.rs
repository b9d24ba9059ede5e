//! What a device missed while it was away: everything that it would have heard on its topics, but for its notices, which
//! have numbers of their own and are asked for (`openim.getmsg`).

use std::collections::{BTreeMap, BTreeSet};

use protocol::conversation::Target;
use protocol::event;
use protocol::id::{AppId, ChannelId, GroupId, Millis, Seq, UserId};
use protocol::message::c2c::MessageKey;
use protocol::push::{Notice, NoticeKind};

use super::{CatchUp, PAGE};
use crate::bus::{
    self, Aside, AsideOf, DeviceId, Event, MissedByDevice, MostMissed, Push, SourceError, Stamp,
};
use crate::services::StorageError;
use crate::services::conversation::{Preference, pair_log};
use crate::services::deps::{side_by_side, whole_ones};
use crate::services::group::{ChannelRef, GroupError, GroupRef, Member};
use crate::services::push::StoredNotice;
use crate::services::session::KnownRecalls;
use crate::services::timeline::{Entry, PastRecall, Position, Seen, after_tips};
use crate::storage::Log;

/// What a message takes in a push beside what was said, about.
const ENVELOPE_BYTES: usize = 600;

/// What was missed of a conversation.
struct Talk {
    target: Target,
    /// In the order in which they are to be heard; nothing where it is too much.
    events: Option<Vec<(Stamp, Event)>>,
    /// What is to be heard after those of all conversations.
    late: Vec<(Stamp, Event)>,
    bytes: usize,
}

/// Who reads, and since when.
#[derive(Clone, Copy)]
struct Reader<'a> {
    app: AppId,
    user: &'a UserId,
    device: DeviceId,
    since: Millis,
    /// Recalls since then that it has.
    known: &'a KnownRecalls,
    most: MostMissed,
}

impl Reader<'_> {
    /// Whether the device said it itself: it was answered, or says it again until it is.
    fn said(&self, seen: &Seen) -> bool {
        let Entry::Message(message) = &seen.entry else { return false };
        message.from.user == *self.user && message.origin == Some(self.device)
    }

    /// Whether the device is told that the user has read as far: where it was this device it knows, and would count anew.
    fn is_told_read(&self, position: Position) -> bool {
        position.moved_at >= self.since && position.moved_by != Some(self.device)
    }

    /// Leaves out the recalls that the device has, and what they took back: who has a recall has had the message.
    ///
    /// When it is told that the user has read up to `read`, the SDKs count the messages behind that anew, also those that
    /// were recalled, and take one off for each recall that comes after it.
    fn keep_news(&self, entries: &mut Vec<Seen>, recalls: &mut BTreeMap<Seq, PastRecall>, read: Option<Seq>) {
        let is_counted_anew = |seen: &&Seen| match &seen.entry {
            Entry::Message(message) => {
                read.is_some_and(|read| seen.seq > read) && message.from.user != *self.user
            }
            Entry::Tip(_) => false,
        };
        let counted: BTreeSet<Seq> = entries.iter().filter(is_counted_anew).map(|seen| seen.seq).collect();
        recalls.retain(|seq, past| !self.knows(past) || counted.contains(seq));
        entries.retain(|seen| seen.recall.is_none() || recalls.contains_key(&seen.seq));
    }

    /// Whether the device has a recall: it acknowledged that, or made it.
    fn knows(&self, past: &PastRecall) -> bool {
        let is_own = past.recall.by == *self.user && past.origin == Some(self.device);
        is_own || self.known.has(past.mark())
    }
}

/// What a reader has not heard of a log.
enum Unheard {
    Entries(Vec<Seen>),
    TooMuch,
}

impl CatchUp {
    pub(super) async fn missed(
        &self,
        app: AppId,
        user: &UserId,
        device: DeviceId,
        since: Millis,
        most: MostMissed,
    ) -> Result<MissedByDevice, SourceError> {
        let known = &self.sessions.known_recalls(app, user, device).await?;
        let reader = Reader { app, user, device, since, known, most };
        let joined = self.groups.joined(app, user).await.map_err(|error| SourceError(error.to_string()))?;
        let groups = whole_ones(joined, |(found, member)| self.of_group(reader, found, member));
        let groups = groups.await.map_err(|error: GroupError| SourceError(error.to_string()))?;
        let groups = groups.into_iter().flatten().map(Some);
        let peers = self.conversations.peers(app, user).await?;
        let peers = whole_ones(peers, |(peer, preference)| self.of_peer(reader, peer, preference)).await?;
        let mut talks: Vec<Talk> = groups.chain(peers).flatten().collect();
        // Where not all of them fit, most of them do.
        talks.sort_by_key(|talk| talk.bytes);
        let (mut events, mut late, mut anew, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for talk in talks {
            bytes += talk.bytes;
            match talk.events {
                Some(heard) if bytes <= most.bytes => {
                    let mut time = Millis(0);
                    for (stamp, event) in heard {
                        time = time.max(stamp.at);
                        events.push((time, (stamp, event)));
                    }
                    late.extend(talk.late);
                }
                // Of topics the SDKs forget what they have when they are back.
                _ if matches!(&talk.target, Target::Group(channel) if channel.is_topic()) => {}
                _ => anew.push(talk.target),
            }
        }
        for (stamp, event) in self.groups_left(reader).await? {
            events.push((stamp.at, (stamp, event)));
        }
        // As it was heard by those who were there; the order within a conversation stays.
        events.sort_by_key(|(time, _)| *time);
        let events = events.into_iter().map(|(_, event)| event);
        // Taken off its list, so that the SDK forgets what it has of them. It reads the list next, and finds them there.
        let forget = (!anew.is_empty()).then(|| {
            let stamp = Stamp { seq: Seq(self.deps.clock.number()), at: self.deps.now() };
            (stamp, Push::new(event::conversation::deleted(&anew)).into())
        });
        let events = forget.into_iter().chain(events).collect();
        Ok(MissedByDevice { events, late, anew: anew.len() })
    }

    /// That nothing is unread in the groups that the reader was put out of: the SDKs keep what they had counted, and show it
    /// when the reader is in the group again.
    async fn groups_left(&self, reader: Reader<'_>) -> Result<Vec<(Stamp, Event)>, StorageError> {
        let notices = self.notices.since(reader.app, reader.user, Seq::ZERO).await?;
        let left = notices.into_iter().filter_map(|(_, at, kept)| match kept {
            StoredNotice::Notice(Notice { kind: NoticeKind::Kicked, group, .. }) if at >= reader.since => {
                Some((group.id.group(), at))
            }
            StoredNotice::Notice(_) | StoredNotice::Mark(_) => None,
        });
        // Of those in whom they are again it is said with what they missed there.
        let left: BTreeMap<GroupId, Millis> = left.collect();
        let told = side_by_side(left, |(group, at)| async move {
            let Some(found) = self.groups.find(reader.app, &group).await? else { return Ok(None) };
            if self.groups.member(&found, reader.user).await?.is_some() {
                return Ok(None);
            }
            let end = self.deps.engine.log_end(&found.channel().log).await?.seq;
            Ok::<_, StorageError>(Some(self.group_read(reader, &(&found.id).into(), end, at)))
        });
        Ok(told.await?.into_iter().flatten().collect())
    }

    /// That the user has read a group, on another device.
    fn group_read(&self, reader: Reader<'_>, group: &ChannelId, read: Seq, at: Millis) -> (Stamp, Event) {
        let stamp = Stamp { seq: Seq(self.deps.clock.number()), at };
        let body = event::message::group_read(reader.user, group, read, stamp.seq.0, stamp.at);
        (stamp, Push::new(body).into())
    }

    /// Of a group, and of each of its topics.
    async fn of_group(
        &self,
        reader: Reader<'_>,
        found: GroupRef,
        member: Member,
    ) -> Result<Vec<Talk>, GroupError> {
        let (places, member) = (self.groups.places(found).await?, &member);
        let talks = whole_ones(places, |place| self.of_channel(reader, place, member));
        Ok(talks.await?.into_iter().flatten().collect())
    }

    async fn of_channel(
        &self,
        reader: Reader<'_>,
        place: ChannelRef,
        member: &Member,
    ) -> Result<Option<Talk>, StorageError> {
        let channel = place.channel();
        let id = place.id();
        let target = Target::Group(id.clone());
        let position = self.timelines.position(&channel.log, reader.user).await?;
        let preference = self.conversations.preference(reader.app, reader.user, &target).await?;
        let joined_after = self.groups.joined_after(&place, member).await?;
        let from = joined_after.max(position.cleared).max(preference.hidden_up_to);
        let unheard = self.unheard(&channel.log, reader, from).await?;
        let mut talk = Talk { target, events: None, late: Vec::new(), bytes: 0 };
        let Unheard::Entries(mut entries) = unheard else { return Ok(Some(talk)) };
        if place.topic.is_some() && position.moved_by == Some(reader.device) {
            // What the device itself has said it has read, it has. Of topics 3.x SDKs forget that when they are back, and would
            // tell of it as new.
            entries.retain(|seen| seen.seq > position.read);
        }
        let Some(mut recalls) = self.recalls(&channel.log, reader, from).await? else {
            return Ok(Some(talk));
        };
        let is_new = member.joined_at >= reader.since;
        let mut events = Vec::new();
        let came_again = is_new && joined_after > Seq::ZERO;
        let came_again =
            came_again && self.groups.rules(place.found.app, place.found.group.record.kind).counts_unread;
        if came_again {
            // Of what was unread before they left nothing is.
            let read = after_tips(joined_after, &entries, Some(reader.user));
            events.push(self.group_read(reader, &id, read, member.joined_at));
        }
        let mut own = (position.read > Seq::ZERO && reader.is_told_read(position)).then(|| {
            let read = after_tips(position.read, &entries, Some(reader.user));
            self.group_read(reader, &id, read, position.moved_at)
        });
        let read = own.as_ref().map(|_| position.read).or(came_again.then_some(joined_after));
        reader.keep_news(&mut entries, &mut recalls, read);
        // What is told of entries, not an entry itself: it waits for them where the group is new.
        let mut beside = Vec::new();
        for seen in entries {
            if seen.seq > position.read {
                beside.extend(own.take());
            }
            for past in up_to(&mut recalls, seen.seq.previous()) {
                beside.extend(self.recalled(&place, past).await?);
            }
            if !is_new {
                events.append(&mut beside);
            }
            talk.bytes += size(&seen);
            let stamp = Stamp { seq: seen.seq, at: seen.at };
            events.push((stamp, self.event(&place, seen.entry)));
            for past in up_to(&mut recalls, stamp.seq) {
                // It stands right behind what it takes back.
                beside.extend(self.recalled(&place, past).await?.map(|(_, event)| (stamp, event)));
            }
        }
        for past in recalls.into_values() {
            beside.extend(self.recalled(&place, past).await?);
        }
        beside.extend(own);
        if is_new {
            talk.late = beside;
        } else {
            events.append(&mut beside);
        }
        let is_told = !events.is_empty() || !talk.late.is_empty();
        talk.events = Some(events);
        Ok(is_told.then_some(talk))
    }

    async fn of_peer(
        &self,
        reader: Reader<'_>,
        peer: UserId,
        preference: Preference,
    ) -> Result<Option<Talk>, StorageError> {
        let log = pair_log(reader.app, reader.user, &peer);
        let position = self.timelines.position(&log, reader.user).await?;
        let theirs = self.timelines.position(&log, &peer).await?;
        let from = position.cleared.max(preference.hidden_up_to);
        let target = Target::Peer(peer.clone());
        let mut talk = Talk { target, events: None, late: Vec::new(), bytes: 0 };
        let Unheard::Entries(mut entries) = self.unheard(&log, reader, from).await? else {
            return Ok(Some(talk));
        };
        let Some(mut recalls) = self.recalls(&log, reader, from).await? else { return Ok(Some(talk)) };
        let mut events = Vec::new();
        let mut own = (reader.is_told_read(position) && position.read_time > 0).then(|| {
            let stamp = Stamp { seq: Seq::ZERO, at: position.moved_at };
            (stamp, Event::from(Push::new(event::message::c2c_read(&peer, position.read_time))))
        });
        reader.keep_news(&mut entries, &mut recalls, own.is_some().then_some(position.read));
        for seen in entries {
            if seen.seq > position.read {
                events.extend(own.take());
            }
            for past in up_to(&mut recalls, seen.seq.previous()) {
                events.extend(self.pair_recalled(&log, (reader.user, &peer), &past).await?);
            }
            talk.bytes += size(&seen);
            let stamp = Stamp { seq: seen.seq, at: seen.at };
            if let Entry::Message(message) = seen.entry {
                let to = if message.from.user == *reader.user { &peer } else { reader.user };
                events.push((stamp, bus::Entry::C2cMessage { to: to.clone(), message }.into()));
            }
            for past in up_to(&mut recalls, stamp.seq) {
                events.extend(self.pair_recalled(&log, (reader.user, &peer), &past).await?);
            }
        }
        for past in recalls.into_values() {
            events.extend(self.pair_recalled(&log, (reader.user, &peer), &past).await?);
        }
        events.extend(own);
        if theirs.moved_at >= reader.since && theirs.read_time > 0 {
            let stamp = Stamp { seq: Seq::ZERO, at: theirs.moved_at };
            events.push((stamp, Push::new(event::message::read_by_peer(&peer, theirs.read_time)).into()));
        }
        talk.events = Some(events);
        Ok(talk.events.as_ref().is_some_and(|events| !events.is_empty()).then_some(talk))
    }

    /// What both of a pair are told of the recall of a message; nothing when the message is gone.
    pub(super) async fn pair_recalled(
        &self,
        log: &Log,
        (user, peer): (&UserId, &UserId),
        past: &PastRecall,
    ) -> Result<Option<(Stamp, Event)>, StorageError> {
        let Some(seen) = self.timelines.entry(log, past.seq).await? else { return Ok(None) };
        let Entry::Message(message) = &seen.entry else { return Ok(None) };
        let (from, to) = if message.from.user == *user { (user, peer) } else { (peer, user) };
        let key = MessageKey { seq: message.client_seq, random: message.random, time: seen.at.seconds() };
        let ids = (message.from.tiny_id, message.client_time);
        let body = event::message::c2c_recalled(from, to, key, ids, &past.recall, Some(past.receipt()));
        let stamp = Stamp { seq: seen.seq, at: seen.at };
        let of = AsideOf::PeerRecall { peer: peer.clone(), message: stamp };
        let aside = Aside { of, at: Millis(past.at_us / 1000) };
        Ok(Some((stamp, Push::new(body).by(past.made_on()).telling(aside).into())))
    }

    /// What was recalled while the reader's device was away, of entries after a number, by the numbers of the entries;
    /// nothing when it is too much.
    async fn recalls(
        &self,
        log: &Log,
        reader: Reader<'_>,
        from: Seq,
    ) -> Result<Option<BTreeMap<Seq, PastRecall>>, StorageError> {
        let mut after = (reader.since.0 * 1000, Seq::ZERO);
        let mut recalls = BTreeMap::new();
        loop {
            let page = self.timelines.recalls(log, after, u64::MAX, PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map_or(after, |last| (last.at_us, last.seq));
            let past = page.into_iter().filter(|past| past.seq > from);
            recalls.extend(past.map(|past| (past.seq, past)));
            if recalls.len() > reader.most.messages {
                return Ok(None);
            }
            if is_last {
                return Ok(Some(recalls));
            }
        }
    }

    /// The entries after a number that the reader's device has not heard and the reader may see, oldest first.
    async fn unheard(&self, log: &Log, reader: Reader<'_>, from: Seq) -> Result<Unheard, StorageError> {
        let most = reader.most.messages;
        let entries = self.back_to(log, (reader.since, from), Some(reader.user), most).await?;
        let Some(entries) = entries else { return Ok(Unheard::TooMuch) };
        let is_news = |seen: &Seen| !seen.is_hidden && !reader.said(seen);
        Ok(Unheard::Entries(entries.into_iter().filter(is_news).collect()))
    }
}

fn size(seen: &Seen) -> usize {
    let said = match &seen.entry {
        Entry::Message(message) => message.body.as_json().len() + message.cloud_custom_data.len(),
        Entry::Tip(_) => 0,
    };
    said + ENVELOPE_BYTES
}

/// Takes out the recalls of entries up to a number.
fn up_to(recalls: &mut BTreeMap<Seq, PastRecall>, seq: Seq) -> impl Iterator<Item = PastRecall> {
    let later = recalls.split_off(&seq.next());
    std::mem::replace(recalls, later).into_values()
}
