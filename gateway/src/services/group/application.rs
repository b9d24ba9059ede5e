//! Who waits to be let in, or to say whether they want to come.
//!
//! An application stands in the group. Each of those who decide about it has an entry in an index in their own partition,
//! in the order of time: what waits for a user is read page by page, however many groups they look after. The index is a
//! superset of the truth: an entry is written first, and one that stands for nothing that its reader decides about goes
//! when it is read.

use bytes::Bytes;
use protocol::group::{ApplicationKind, Role, Verdict};
use protocol::id::{AppId, GroupId, UserId};
use protocol::push::{ApplicationRef, NoticeKind};
use serde::{Deserialize, Serialize};

use super::join::{Entering, Entrance};
use super::lifecycle::check_text;
use super::{Denial, GroupError, GroupRef, Groups, Invalid, Text, rank};
use crate::services::decide::Decision;
use crate::services::deps::{Actor, Outcome, side_by_side};
use crate::services::push::StoredNotice;
use crate::services::rates::Rule;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Partition, Scan, StorageError, Table, Version};
use crate::telemetry::Bound;

/// Applications of one page.
const PAGE: usize = 50;

/// Entries of the index that one page looks at: others may stand for nothing.
const LOOKED_AT: usize = 500;

/// Entries that are written in one batch.
const AT_ONCE: usize = 500;

const DAY_MS: u64 = 24 * 3_600_000;

/// Longer than any call may work on an application.
const ENTRY_GRACE_MS: u64 = 60_000;

/// An open application, as it is kept. One that was decided is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// When it was made, in Unix microseconds.
    pub at_us: u64,
    /// What only those know who decide about it.
    pub secret: u64,
    /// Who wants to come in, or wants somebody to.
    pub by: UserId,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub custom: String,
}

/// Which application of a group: of each kind a user has one at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationId {
    pub kind: ApplicationKind,
    /// Who would come in.
    pub user: UserId,
}

impl ApplicationId {
    fn suffix(&self) -> Vec<u8> {
        [&[u8::from(self.kind)], self.user.as_str().as_bytes()].concat()
    }

    fn of_suffix(suffix: &[u8]) -> Option<Self> {
        let (kind, user) = suffix.split_first()?;
        let user = UserId::parse(std::str::from_utf8(user).ok()?).ok()?;
        Some(Self { kind: ApplicationKind::try_from(*kind).ok()?, user })
    }

    /// What the client repeats when it decides. Opaque to it. Shape: the kind, the secret, `-`, and the user.
    pub fn token(&self, application: &Application) -> String {
        format!("{}{:016x}-{}", u8::from(self.kind), application.secret, self.user)
    }

    /// The application that a token names, and the secret.
    fn of_token(token: &str) -> Option<(Self, u64)> {
        let (front, user) = token.split_once('-')?;
        let kind = ApplicationKind::try_from(front.get(..1)?.parse::<u8>().ok()?).ok()?;
        let secret = u64::from_str_radix(front.get(1..)?, 16).ok()?;
        Some((Self { kind, user: UserId::parse(user).ok()? }, secret))
    }
}

/// An application, and where it stands.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub found: GroupRef,
    pub id: ApplicationId,
    pub application: Application,
}

/// An entry of a user's index.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::services) struct WaitingEntry {}

/// A part of what waits for a user.
pub struct WaitingPage {
    pub waiting: Vec<Waiting>,
    /// From where the next page is read, in Unix microseconds; nothing at the end.
    pub next: Option<u64>,
}

/// An open application as it was read.
pub(super) struct OpenApplication {
    id: ApplicationId,
    version: Version,
}

impl GroupRef {
    fn application_key(&self, id: &ApplicationId) -> Key {
        Key::new(Table::Application, [&self.epoch()[..], &id.suffix()].concat())
    }

    /// How many applications are open.
    fn applications_key(&self) -> Key {
        Key::new(Table::Counter, [&self.epoch()[..], b"applications"].concat())
    }
}

/// An entry stands under its time, the group, and the application in it. Ids have no control character.
pub(super) fn entry_key(at_us: u64, group: &GroupId, id: &ApplicationId) -> Key {
    let suffix = [&at_us.to_be_bytes(), group.as_str().as_bytes(), b"\0", &id.suffix()].concat();
    Key::new(Table::Application, suffix)
}

pub(super) fn read_entry(suffix: &[u8]) -> Option<(u64, GroupId, ApplicationId)> {
    let (at_us, rest) = suffix.split_first_chunk()?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let group = GroupId::parse(std::str::from_utf8(&rest[..end]).ok()?).ok()?;
    Some((u64::from_be_bytes(*at_us), group, ApplicationId::of_suffix(&rest[end + 1..])?))
}

impl Groups {
    /// Notes that somebody waits, and tells those who decide. Who waits already goes on waiting: those who decide have been
    /// told. What was decided in favour of it ends with the same batch.
    pub(super) async fn apply(
        &self,
        actor: &Actor,
        found: &GroupRef,
        id: &ApplicationId,
        (text, custom): (&str, &str),
        decided: Option<&OpenApplication>,
    ) -> Result<(), GroupError> {
        let limits = &self.deps.settings(actor.app).limits;
        check_text(text, limits.reason_bytes, Text::Application)?;
        check_text(custom, limits.custom_value_bytes, Text::ApplicationField)?;
        if decided.is_none() && self.throttle.is_held(actor) {
            self.throttle.take(actor.app, Rule::Applications, &actor.user, 1)?;
        }
        let application = Application {
            at_us: self.deps.clock.number(),
            secret: rand::random(),
            by: actor.user.clone(),
            text: text.to_owned(),
            custom: custom.to_owned(),
        };
        let most = i64::try_from(limits.applications_per_group).unwrap_or(i64::MAX);
        let applied = self.deps.decide("apply for a group", || async {
            let found = self.existing(actor.app, &found.id).await?;
            let mut batch = Batch::new(found.partition(), self.deps.now());
            if let Some(decided) = decided {
                batch = self.ending(batch, &found, decided).await?;
            }
            let ended = if decided.is_some() { -1 } else { 0 };
            if self.member(&found, &id.user).await?.is_some() {
                return Err(GroupError::AlreadyMember);
            }
            let key = found.application_key(id);
            let open: Option<Versioned<Application>> =
                records::get(&self.deps.engine, &found.partition(), key.clone()).await?;
            let (expected, more) = match &open {
                None => (Expected::Absent, 1),
                // One that is over makes room for the new one.
                Some(open) if self.is_over(found.app, &open.record) => (Expected::Version(open.version), 0),
                Some(_) if ended == 0 => return Ok(Decision::Done(None)),
                Some(_) => {
                    return Ok(Decision::Commit(batch.add(found.applications_key(), ended, None), None));
                }
            };
            let more = more + ended;
            // Looked at before anything is stored: who is refused leaves no entries behind.
            if more > 0 && self.open_applications(&found).await? >= most {
                self.drop_over(&found).await?;
                if self.open_applications(&found).await? >= most {
                    return Err(GroupError::TooManyApplications);
                }
            }
            if id.kind == ApplicationKind::Invitation {
                self.count_invitation(actor.app, &id.user).await?;
            }
            let (entry, deciders) = ((application.at_us, id.clone()), self.deciders(&found, id).await?);
            let noted = side_by_side(deciders.iter().cloned(), |user| self.note_one(&found, user, &entry));
            noted.await?;
            let (group_key, unchanged) = found.unchanged();
            let batch = batch
                .check(group_key, unchanged)
                .check(found.member_key(&id.user), Expected::Absent)
                .check(key.clone(), expected)
                .put(key, records::encode(&application))
                .add(found.applications_key(), more, Some(most));
            Ok::<_, GroupError>(Decision::Commit(batch, Some((found, deciders))))
        });
        let applied = applied.await.map_err(|error| match error {
            // The only count of the batch.
            GroupError::Full => GroupError::TooManyApplications,
            error => error,
        });
        if matches!(applied, Err(GroupError::TooManyApplications)) {
            Bound::ApplicationsPerGroup.refused(&found.id);
        }
        let Some((found, noted)) = &applied? else { return Ok(()) };
        // Whoever came to decide meanwhile looked before it was there, or is found now.
        let deciders = self.deciders(found, id).await?;
        let asks = id.kind == ApplicationKind::Invitation;
        let kind = if asks { NoticeKind::Asked } else { NoticeKind::Applied };
        let mut notice = self.notice(actor, found, kind, text).await?;
        notice.application = Some(ApplicationRef {
            at_us: application.at_us,
            token: id.token(&application),
            invited: (id.user != application.by).then(|| id.user.clone()),
            custom: custom.to_owned(),
        });
        let entry = (application.at_us, id.clone());
        let told = side_by_side(deciders, |user| {
            let (notice, entry) = (StoredNotice::Notice(notice.clone()), &entry);
            async move {
                if !noted.contains(&user) {
                    self.note_one(found, user.clone(), entry).await?;
                }
                Ok::<_, GroupError>(self.notices.notify(actor.app, &user, notice, None).await?)
            }
        });
        told.await?;
        Ok(())
    }

    /// Adds that an open application ends, which is to be counted with the rest of the batch. Fails when it is open no more.
    async fn ending(
        &self,
        batch: Batch,
        found: &GroupRef,
        open: &OpenApplication,
    ) -> Result<Batch, GroupError> {
        let key = found.application_key(&open.id);
        let values = self.deps.engine.get(&found.partition(), std::slice::from_ref(&key)).await?;
        let version = values.into_iter().flatten().next().map(|value| value.version);
        if version != Some(open.version) {
            return Err(GroupError::Decided);
        }
        Ok(batch.check(key.clone(), Expected::Version(open.version)).delete(key))
    }

    async fn open_applications(&self, found: &GroupRef) -> Result<i64, StorageError> {
        let counts = self.deps.engine.counters(&found.partition(), &[found.applications_key()]).await?;
        Ok(counts.first().copied().unwrap_or_default())
    }

    /// Who decides about an application.
    async fn deciders(&self, found: &GroupRef, id: &ApplicationId) -> Result<Vec<UserId>, StorageError> {
        if id.kind == ApplicationKind::Invitation {
            return Ok(vec![id.user.clone()]);
        }
        let Some(lowest) = self.rules(found.app, found.group.record.kind).approves else {
            return Ok(Vec::new());
        };
        let roles: Vec<Role> =
            [Role::Owner, Role::Admin].into_iter().filter(|role| *role >= lowest).collect();
        let mut deciders = Vec::new();
        loop {
            let page = self.page(found, Some(&roles), deciders.len(), Some(AT_ONCE)).await?;
            let is_last = page.members.len() < AT_ONCE;
            deciders.extend(page.members.into_iter().map(|(user, _)| user));
            if is_last {
                return Ok(deciders);
            }
        }
    }

    /// Writes the entry of an application into the index of one who decides about it.
    async fn note_one(
        &self,
        found: &GroupRef,
        user: UserId,
        entry: &(u64, ApplicationId),
    ) -> Result<(), GroupError> {
        if entry.1.kind == ApplicationKind::Invitation {
            return self.note_asked(found, &user, entry).await;
        }
        Ok(self.note_waiting(found, user, std::slice::from_ref(entry)).await?)
    }

    /// Whether an application waited for so long that nobody may decide about it any more.
    fn is_over(&self, app: AppId, application: &Application) -> bool {
        let days = self.deps.settings(app).limits.application_days;
        let waited_ms = self.deps.now().0.saturating_sub(application.at_us / 1000);
        days > 0 && waited_ms > days.saturating_mul(DAY_MS)
    }

    /// Drops what is over of a group's applications.
    async fn drop_over(&self, found: &GroupRef) -> Result<(), StorageError> {
        let all: Vec<(Bytes, Versioned<Application>)> =
            records::scan_all(&self.deps.engine, &found.partition(), Table::Application, found.epoch())
                .await?;
        for (suffix, open) in all.into_iter().filter(|(_, open)| self.is_over(found.app, &open.record)) {
            self.drop_open(found, Key::new(Table::Application, suffix), open.version).await?;
        }
        Ok(())
    }

    /// Drops one of a group's applications, unless somebody was faster. False where that is so.
    async fn drop_open(&self, found: &GroupRef, key: Key, version: Version) -> Result<bool, StorageError> {
        let batch = Batch::new(found.partition(), self.deps.now())
            .check(key.clone(), Expected::Version(version))
            .delete(key)
            .add(found.applications_key(), -1, None);
        Ok(matches!(self.deps.commit(batch).await?, Outcome::Stored(_)))
    }

    /// Writes entries of a user's index. Those that are there stay.
    async fn note_waiting(
        &self,
        found: &GroupRef,
        user: UserId,
        entries: &[(u64, ApplicationId)],
    ) -> Result<(), StorageError> {
        for some in entries.chunks(AT_ONCE) {
            let batch = Batch::new(Partition::user(found.app, &user), self.deps.now());
            let batch = some.iter().fold(batch, |batch, (at_us, id)| {
                batch.put(entry_key(*at_us, &found.id, id), records::encode(&WaitingEntry {}))
            });
            self.deps.commit(batch).await?;
        }
        Ok(())
    }

    /// One who decides from now on finds what waits already.
    pub(super) async fn hand_over_applications(
        &self,
        found: &GroupRef,
        user: &UserId,
    ) -> Result<(), StorageError> {
        if self.open_applications(found).await? == 0 {
            return Ok(());
        }
        let open: Vec<(Bytes, Versioned<Application>)> =
            records::scan_all(&self.deps.engine, &found.partition(), Table::Application, found.epoch())
                .await?;
        let epoch_bytes = found.epoch().len();
        let entries: Vec<(u64, ApplicationId)> = open
            .into_iter()
            .filter_map(|(suffix, open)| {
                let id = ApplicationId::of_suffix(suffix.get(epoch_bytes..)?)?;
                (id.kind != ApplicationKind::Invitation).then_some((open.record.at_us, id))
            })
            .collect();
        self.note_waiting(found, user.clone(), &entries).await
    }

    /// A page of what waits for a user, oldest first: in communities, or in groups of other kinds.
    pub async fn waiting(
        &self,
        actor: &Actor,
        in_communities: bool,
        from_us: u64,
        limit: Option<usize>,
    ) -> Result<WaitingPage, GroupError> {
        let limit = limit.unwrap_or(PAGE).clamp(1, PAGE);
        let partition = Partition::user(actor.app, &actor.user);
        let mut page = WaitingPage { waiting: Vec::new(), next: None };
        let mut after = from_us.checked_sub(1).map(|before| Bytes::copy_from_slice(&after_time(before)));
        let mut looked_at = 0;
        loop {
            let scan = Scan {
                table: Table::Application,
                prefix: Bytes::new(),
                after: after.clone(),
                skip: 0,
                limit: PAGE,
                reverse: false,
            };
            let rows = self.deps.engine.scan(&partition, scan).await?;
            let is_last = rows.len() < PAGE;
            looked_at += rows.len();
            after = rows.last().map(|(suffix, _)| suffix.clone());
            let looked = side_by_side(rows, |(suffix, _)| async move {
                let Some((at_us, group, id)) = read_entry(&suffix) else { return Ok(None) };
                if group.is_of_community() != in_communities {
                    return Ok(None);
                }
                let waiting = self.waiting_at(actor, (at_us, &group, &id)).await?;
                if waiting.is_none() {
                    self.forget_waiting(actor.app, &actor.user, at_us, &suffix).await?;
                }
                Ok::<_, GroupError>(Some((at_us, waiting)))
            });
            for (at_us, waiting) in looked.await?.into_iter().flatten() {
                if page.waiting.len() == limit {
                    page.next = Some(at_us);
                    return Ok(page);
                }
                page.waiting.extend(waiting);
            }
            if is_last {
                return Ok(page);
            }
            if looked_at >= LOOKED_AT {
                page.next = after.as_deref().and_then(read_entry).map(|(at_us, ..)| at_us);
                return Ok(page);
            }
        }
    }

    /// The application that an entry stands for, if the actor decides about it.
    pub(super) async fn waiting_at(
        &self,
        actor: &Actor,
        (at_us, group, id): (u64, &GroupId, &ApplicationId),
    ) -> Result<Option<Waiting>, GroupError> {
        let Some(found) = self.find(actor.app, group).await? else { return Ok(None) };
        let open: Option<Versioned<Application>> =
            records::get(&self.deps.engine, &found.partition(), found.application_key(id)).await?;
        let Some(open) = open.filter(|open| open.record.at_us == at_us) else { return Ok(None) };
        if self.is_over(actor.app, &open.record) {
            self.drop_open(&found, found.application_key(id), open.version).await?;
            return Ok(None);
        }
        let decides = self.decides(actor, &found, id).await?;
        Ok(decides.then_some(Waiting { found, id: id.clone(), application: open.record }))
    }

    async fn decides(
        &self,
        actor: &Actor,
        found: &GroupRef,
        id: &ApplicationId,
    ) -> Result<bool, StorageError> {
        if id.kind == ApplicationKind::Invitation {
            return Ok(actor.user == id.user);
        }
        let member = self.member(found, &actor.user).await?;
        let lowest = self.rules(found.app, found.group.record.kind).approves;
        Ok(lowest.is_some_and(|lowest| rank(actor, member.as_ref()) >= Some(lowest)))
    }

    /// Takes an entry out of the index that stands for nothing. A young one may be of an application that is being made at
    /// this moment, and stays.
    pub(super) async fn forget_waiting(
        &self,
        app: AppId,
        user: &UserId,
        at_us: u64,
        suffix: &Bytes,
    ) -> Result<(), GroupError> {
        if self.deps.now().0.saturating_sub(at_us / 1000) > ENTRY_GRACE_MS {
            self.forget_entry(app, user, suffix).await?;
        }
        Ok(())
    }

    /// Decides about an application. Of two at once one does.
    pub async fn answer_application(
        &self,
        actor: &Actor,
        group: &GroupId,
        (token, by): (&str, &UserId),
        (verdict, text): (Verdict, &str),
    ) -> Result<(), GroupError> {
        check_text(text, self.deps.settings(actor.app).limits.reason_bytes, Text::Application)?;
        let (id, secret) =
            ApplicationId::of_token(token).ok_or(GroupError::Invalid(Invalid::NoApplication))?;
        let found = self.existing(actor.app, group).await?;
        if !self.decides(actor, &found, &id).await? {
            return Err(GroupError::NotAllowed(Denial::RoleTooLow));
        }
        let key = found.application_key(&id);
        let open: Option<Versioned<Application>> =
            records::get(&self.deps.engine, &found.partition(), key.clone()).await?;
        let open = open.filter(|open| open.record.secret == secret).ok_or(GroupError::Decided)?;
        if open.record.by != *by {
            return Err(GroupError::Invalid(Invalid::NotWhoApplied));
        }
        if self.is_over(actor.app, &open.record) {
            self.drop_open(&found, key, open.version).await?;
            return Err(GroupError::Decided);
        }
        let (at_us, version) = (open.record.at_us, open.version);
        let asks_first = id.kind == ApplicationKind::InvitationToApprove
            && self.rules(found.app, found.group.record.kind).asks_invited;
        let decided = OpenApplication { id: id.clone(), version };
        match verdict {
            Verdict::Agree if asks_first => {
                let asked = ApplicationId { kind: ApplicationKind::Invitation, ..id.clone() };
                let inviter = Actor { user: open.record.by, device: None, ..actor.clone() };
                let words = (open.record.text.as_str(), "");
                self.apply(&inviter, &found, &asked, words, Some(&decided)).await?;
            }
            Verdict::Agree => self.let_in(actor, &found, decided, text).await?,
            Verdict::Reject => {
                if !self.drop_open(&found, key, version).await? {
                    return Err(GroupError::Decided);
                }
                if id.kind == ApplicationKind::Join {
                    let notice = self.notice(actor, &found, NoticeKind::Rejected, text).await?;
                    self.notices.notify(actor.app, &id.user, StoredNotice::Notice(notice), None).await?;
                }
            }
        }
        self.forget_decided(&found, &id, at_us).await
    }

    async fn let_in(
        &self,
        actor: &Actor,
        found: &GroupRef,
        open: OpenApplication,
        text: &str,
    ) -> Result<(), GroupError> {
        let id = open.id.clone();
        let has_applied = id.kind == ApplicationKind::Join;
        let is_asked = id.kind != ApplicationKind::InvitationToApprove;
        let entrance = Entrance {
            // An invitation was counted when it was made.
            entering: if is_asked { Entering::OfRight } else { Entering::Invited },
            is_invited: !has_applied,
            is_silent: false,
            decides: Some(open),
        };
        self.enter(actor, &found.id, &id.user, Role::Member, entrance).await?;
        let kind = if has_applied { NoticeKind::Accepted } else { NoticeKind::Invited };
        let notice = self.notice(actor, found, kind, text).await?;
        self.notices.notify(actor.app, &id.user, StoredNotice::Notice(notice), None).await?;
        Ok(())
    }

    /// Ends the open applications of one who becomes a member, in the batch that makes them one.
    pub(super) async fn without_applications(
        &self,
        mut batch: Batch,
        found: &GroupRef,
        user: &UserId,
        decides: Option<&OpenApplication>,
    ) -> Result<Batch, GroupError> {
        let kinds =
            [ApplicationKind::Join, ApplicationKind::Invitation, ApplicationKind::InvitationToApprove];
        let ids = kinds.map(|kind| ApplicationId { kind, user: user.clone() });
        let keys = ids.each_ref().map(|id| found.application_key(id));
        let values = self.deps.engine.get(&found.partition(), &keys).await?;
        let mut ended = 0;
        for ((id, key), value) in ids.iter().zip(keys).zip(values) {
            let version = value.map(|value| value.version);
            if decides.is_some_and(|open| open.id == *id && Some(open.version) != version) {
                return Err(GroupError::Decided);
            }
            if let Some(version) = version {
                batch = batch.check(key.clone(), Expected::Version(version)).delete(key);
                ended -= 1;
            }
        }
        Ok(if ended == 0 { batch } else { batch.add(found.applications_key(), ended, None) })
    }

    /// What was decided waits for nobody. An entry that a crash leaves goes when it is read.
    async fn forget_decided(
        &self,
        found: &GroupRef,
        id: &ApplicationId,
        at_us: u64,
    ) -> Result<(), GroupError> {
        let forgotten = side_by_side(self.deciders(found, id).await?, |user| async move {
            self.forget_entry(found.app, &user, &entry_key(at_us, &found.id, id).suffix).await
        });
        forgotten.await?;
        Ok(())
    }
}

/// Behind every entry of a time.
fn after_time(at_us: u64) -> [u8; 9] {
    let mut suffix = [0xff; 9];
    suffix[..8].copy_from_slice(&at_us.to_be_bytes());
    suffix
}
