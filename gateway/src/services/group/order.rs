//! Members in the order they came: an index beside the memberships, so that a page of members costs what a page costs.
//!
//! A member has a row that changes in one batch with the membership: the owner's stands before all others, who follow
//! by the time they joined. An admin has a second one, so that admins are found without a look at all members. A count
//! says how many members have a row.
//!
//! Groups of versions that had no such index have members without rows: the two counts differ, and who asks for a page
//! makes the rows first. The same mends what an instance of such a version did to a group meanwhile.

use std::collections::BTreeMap;

use bytes::Bytes;
use protocol::group::Role;
use protocol::id::{Millis, UserId};

use super::{GroupRef, Groups, Member};
use crate::services::deps::{MayBeDamage, Outcome};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Scan, StorageError, Table};

/// Rows, or members, that are read at once.
const PAGE: usize = 1000;

/// Members whose rows are made in one batch.
const AT_ONCE: usize = 100;

/// How often rows are made anew when the members change meanwhile. Afterwards the members are read without them.
const PASSES: usize = 4;

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Owner = b'0' as isize,
    Other = b'1' as isize,
    /// The second row of an admin.
    Admin = b'2' as isize,
}

impl Place {
    fn of(role: Role) -> Self {
        if role == Role::Owner { Place::Owner } else { Place::Other }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Place::Owner, Place::Other, Place::Admin].into_iter().find(|place| *place as u8 == byte)
    }

    /// Whether a member of this role has a row here.
    fn fits(self, role: Role) -> bool {
        match self {
            Place::Owner => role == Role::Owner,
            Place::Other => role != Role::Owner,
            Place::Admin => role == Role::Admin,
        }
    }
}

/// A row, as it was read.
struct Row {
    place: Place,
    joined_at: Millis,
    user: UserId,
    role: Role,
}

/// A page of members, and how many members the group has.
pub struct MemberPage {
    pub count: u64,
    pub members: Vec<(UserId, Member)>,
}

/// Where a page begins that is read behind another: after this row.
///
/// Shape: `place-joined_at-user`, decimal. It stands for a place among the rows, whether there is such a row or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    place: Place,
    joined_at: Millis,
    user: UserId,
}

impl Cursor {
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let place = Place::from_byte(*parts.next()?.as_bytes().first()?)?;
        let joined_at = Millis(parts.next()?.parse().ok()?);
        Some(Self { place, joined_at, user: UserId::parse(parts.next()?).ok()? })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}", char::from(self.place as u8), self.joined_at.0, self.user)
    }
}

fn suffix(found: &GroupRef, place: Place, joined_at: Millis, user: &UserId) -> Bytes {
    [&found.epoch()[..], &[place as u8], &joined_at.0.to_be_bytes(), user.as_str().as_bytes()].concat().into()
}

fn key(found: &GroupRef, place: Place, member: &Member, user: &UserId) -> Key {
    Key::new(Table::Order, suffix(found, place, member.joined_at, user))
}

/// The row that every member has.
fn main_key(found: &GroupRef, user: &UserId, member: &Member) -> Key {
    key(found, Place::of(member.role), member, user)
}

/// All rows of a member.
fn keys(found: &GroupRef, user: &UserId, member: &Member) -> Vec<Key> {
    let mut keys = vec![main_key(found, user, member)];
    if member.role == Role::Admin {
        keys.push(key(found, Place::Admin, member, user));
    }
    keys
}

fn count_key(found: &GroupRef) -> Key {
    Key::new(Table::Counter, [&found.epoch()[..], b"ordered"].concat())
}

/// A row's suffix, taken apart.
fn read_suffix(found: &GroupRef, suffix: &[u8]) -> Option<(Place, Millis, UserId)> {
    let rest = suffix.strip_prefix(&found.epoch()[..])?;
    let (place, rest) = rest.split_first()?;
    let (joined_at, user) = rest.split_first_chunk()?;
    let user = UserId::parse(std::str::from_utf8(user).ok()?).ok()?;
    Some((Place::from_byte(*place)?, Millis(u64::from_be_bytes(*joined_at)), user))
}

/// The row of a member who changes or goes, as it was found.
pub(super) struct Placed {
    key: Key,
    is_there: bool,
    /// It is there, and nothing can be demanded of it.
    is_damaged: bool,
}

impl Groups {
    /// Whether a member has a row: to be asked before they change their role or go.
    pub(super) async fn placed(
        &self,
        found: &GroupRef,
        user: &UserId,
        member: &Member,
    ) -> Result<Placed, StorageError> {
        let key = main_key(found, user, member);
        let value = self.deps.engine.get(&found.partition(), std::slice::from_ref(&key)).await;
        if value.as_ref().is_err_and(StorageError::is_damage) {
            return Ok(Placed { key, is_there: true, is_damaged: true });
        }
        Ok(Placed { key, is_there: value?.pop().flatten().is_some(), is_damaged: false })
    }

    /// Adds the rows of those who become members to the batch.
    pub(super) fn with_places<'a>(
        &self,
        mut batch: Batch,
        found: &GroupRef,
        members: impl IntoIterator<Item = (&'a UserId, &'a Member)>,
    ) -> Batch {
        let mut count = 0;
        for (user, member) in members {
            let role = records::encode(&member.role);
            for key in keys(found, user, member) {
                batch = batch.put(key, role.clone());
            }
            count += 1;
        }
        batch.add(count_key(found), count, None)
    }

    /// Takes the rows of one who goes out in the batch.
    pub(super) fn without_place(
        &self,
        mut batch: Batch,
        found: &GroupRef,
        user: &UserId,
        member: &Member,
        placed: Placed,
    ) -> Batch {
        if !placed.is_damaged {
            batch =
                batch.check(placed.key, if placed.is_there { Expected::Present } else { Expected::Absent });
        }
        batch = keys(found, user, member).into_iter().fold(batch, Batch::delete);
        if placed.is_there { batch.add(count_key(found), -1, None) } else { batch }
    }

    /// Puts one whose role changes elsewhere in the batch.
    pub(super) fn with_new_place(
        &self,
        batch: Batch,
        found: &GroupRef,
        user: &UserId,
        (before, placed): (&Member, Placed),
        after: &Member,
    ) -> Batch {
        let kept = keys(found, user, after);
        let batch = self.without_place(batch, found, user, before, placed);
        let mut batch = self.with_places(batch, found, [(user, after)]);
        batch.deletes.retain(|key| !kept.contains(key));
        batch
    }

    /// A page of the members in the order they came, the owner first; of those with the given roles, if any are given.
    pub async fn page(
        &self,
        found: &GroupRef,
        roles: Option<&[Role]>,
        offset: usize,
        limit: Option<usize>,
    ) -> Result<MemberPage, StorageError> {
        let limit = limit.unwrap_or(usize::MAX);
        if self.is_room(found) {
            let members = self.members(found, roles).await?.into_iter().skip(offset).take(limit).collect();
            return Ok(MemberPage { count: self.count(found).await?, members });
        }
        let mut counts = self.order_counts(found).await?;
        if !counts.agree() {
            counts = self.order(found).await?;
        }
        if counts.agree() {
            let mut rows = self.rows_of_page(found, roles, counts.members, (offset, limit)).await?;
            let expected =
                usize::try_from(counts.members).unwrap_or(usize::MAX).saturating_sub(offset).min(limit);
            if roles.is_none() && rows.len() < expected {
                // One is lost, and made anew.
                counts = self.order(found).await?;
                rows = self.rows_of_page(found, roles, counts.members, (offset, limit)).await?;
            }
            if let Some(members) = self.members_of_rows(found, rows, counts).await? {
                return Ok(MemberPage { count: counts.members, members });
            }
            self.order(found).await?;
        }
        let members = self.members(found, roles).await?.into_iter().skip(offset).take(limit).collect();
        Ok(MemberPage { count: self.count(found).await?, members })
    }

    /// The members after a place in the order in which they came, or from the first on; of those with the given roles, if any
    /// are given. With the place of the last, where more may follow.
    pub async fn page_after(
        &self,
        found: &GroupRef,
        roles: Option<&[Role]>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<(MemberPage, Option<Cursor>), StorageError> {
        let mut counts = self.order_counts(found).await?;
        if !counts.agree() {
            counts = self.order(found).await?;
        }
        let (rows, is_last) = self.rows_after(found, roles, after, limit).await?;
        let next = rows.last().filter(|_| !is_last).map(|row| Cursor {
            place: row.place,
            joined_at: row.joined_at,
            user: row.user.clone(),
        });
        let members = match self.members_of_rows(found, rows, counts).await? {
            Some(members) => members,
            None => {
                counts = self.order(found).await?;
                let rows = self.rows_after(found, roles, after, limit).await?.0;
                self.members_of_rows(found, rows, counts).await?.unwrap_or_default()
            }
        };
        Ok((MemberPage { count: counts.members, members }, next))
    }

    /// Rows after a place, each member's one, and whether they are the last.
    async fn rows_after(
        &self,
        found: &GroupRef,
        roles: Option<&[Role]>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<(Vec<Row>, bool), StorageError> {
        let is_wanted = |role| roles.is_none_or(|roles| roles.contains(&role));
        // The rows of admins stand behind all others, so that who asks for no plain member passes over those.
        let last = if is_wanted(Role::Member) { Place::Other } else { Place::Admin };
        let mut after = after.map(|cursor| suffix(found, cursor.place, cursor.joined_at, &cursor.user));
        let mut rows = Vec::new();
        loop {
            if let Some(seen) = &after
                && last == Place::Admin
                && read_suffix(found, seen).is_some_and(|(place, ..)| place < Place::Admin)
            {
                after = Some([&found.epoch()[..], &[Place::Admin as u8]].concat().into());
            }
            let asked = PAGE.min(limit.saturating_add(1));
            let scan = Scan {
                table: Table::Order,
                prefix: found.epoch(),
                after: after.take(),
                skip: 0,
                limit: asked,
                reverse: false,
            };
            let page = self.deps.engine.scan(&found.partition(), scan).await?;
            let is_end = page.len() < asked;
            after = page.last().map(|(suffix, _)| suffix.clone());
            for (suffix, value) in page {
                let Some((place, joined_at, user)) = read_suffix(found, &suffix) else { continue };
                if place > last {
                    return Ok((rows, true));
                }
                let role = records::decode(&value.bytes)?;
                let is_main = place == Place::Owner || place == last;
                if is_main && is_wanted(role) {
                    if rows.len() == limit {
                        return Ok((rows, false));
                    }
                    rows.push(Row { place, joined_at, user, role });
                }
            }
            if is_end {
                return Ok((rows, true));
            }
        }
    }

    /// Who is a member, in no order that means anything.
    pub async fn member_ids(&self, found: &GroupRef) -> Result<Vec<UserId>, StorageError> {
        let counts = self.order_counts(found).await?;
        if counts.agree() {
            let rows = self.rows(found, &[Place::Owner, Place::Other], 0, usize::MAX, false).await?;
            // Otherwise one is lost, or somebody came or went meanwhile.
            if rows.len() as u64 == counts.members {
                return Ok(rows.into_iter().map(|row| row.user).collect());
            }
        }
        Ok(self.members(found, None).await?.into_iter().map(|(user, _)| user).collect())
    }

    async fn rows_of_page(
        &self,
        found: &GroupRef,
        roles: Option<&[Role]>,
        count: u64,
        (offset, limit): (usize, usize),
    ) -> Result<Vec<Row>, StorageError> {
        let all = [Place::Owner, Place::Other];
        let Some(roles) = roles else {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let wanted = limit.min(count.saturating_sub(offset));
            if offset <= count / 2 {
                return self.rows(found, &all, offset, wanted, false).await;
            }
            // From the end it is less far. The owner stands at the other one.
            let behind = count.saturating_sub(offset + wanted);
            let mut rows = self.rows(found, &[Place::Other], behind, wanted, true).await?;
            rows.reverse();
            return Ok(rows);
        };
        let mut rows = Vec::new();
        if roles.contains(&Role::Member) {
            let all = self.rows(found, &all, 0, usize::MAX, false).await?;
            rows.extend(all.into_iter().filter(|row| roles.contains(&row.role)).skip(offset).take(limit));
            return Ok(rows);
        }
        let mut skip = offset;
        if roles.contains(&Role::Owner) {
            let owner = self.rows(found, &[Place::Owner], 0, usize::MAX, false).await?;
            let passed = skip.min(owner.len());
            skip -= passed;
            rows.extend(owner.into_iter().skip(passed));
        }
        if roles.contains(&Role::Admin) {
            let wanted = limit.saturating_sub(rows.len());
            rows.extend(self.rows(found, &[Place::Admin], skip, wanted, false).await?);
        }
        rows.truncate(limit);
        Ok(rows)
    }

    /// Rows of one place, or of the first two in their order.
    async fn rows(
        &self,
        found: &GroupRef,
        places: &[Place],
        mut skip: usize,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<Row>, StorageError> {
        let mut rows = Vec::new();
        let prefix = match places {
            [place] => [&found.epoch()[..], &[*place as u8]].concat().into(),
            _ => found.epoch(),
        };
        let mut after = None;
        while rows.len() < limit {
            let asked = PAGE.min(limit - rows.len());
            let (prefix, last) = (prefix.clone(), after.take());
            let scan = Scan { table: Table::Order, prefix, after: last, skip, limit: asked, reverse };
            let page = self.deps.engine.scan(&found.partition(), scan).await?;
            let is_last = page.len() < asked;
            after = page.last().map(|(suffix, _)| suffix.clone());
            for (suffix, value) in page {
                let Some((place, joined_at, user)) = read_suffix(found, &suffix) else { continue };
                if places.contains(&place) {
                    rows.push(Row { place, joined_at, user, role: records::decode(&value.bytes)? });
                }
            }
            if is_last {
                break;
            }
            skip = 0;
        }
        Ok(rows)
    }

    /// The members that rows stand for; nothing when the rows are wrong.
    async fn members_of_rows(
        &self,
        found: &GroupRef,
        rows: Vec<Row>,
        counts: Counts,
    ) -> Result<Option<Vec<(UserId, Member)>>, StorageError> {
        let mut members = Vec::with_capacity(rows.len());
        let mut is_wrong = false;
        for rows in rows.chunks(PAGE) {
            let keys: Vec<Key> = rows.iter().map(|row| found.member_key(&row.user)).collect();
            let records: Vec<Result<Option<Versioned<Member>>, StorageError>> =
                records::get_each(&self.deps.engine, &found.partition(), &keys).await?;
            for (row, member) in rows.iter().zip(records) {
                match member {
                    // Nothing is known of them but that they are a member.
                    Err(_) => {}
                    Ok(Some(member)) if row.place.fits(member.record.role) => {
                        members.push((row.user.clone(), member.record));
                    }
                    // Gone or changed since the rows were read, or the rows are wrong.
                    _ => is_wrong = true,
                }
            }
        }
        if is_wrong && self.order_counts(found).await? == counts {
            return Ok(None);
        }
        Ok(Some(members))
    }

    async fn order_counts(&self, found: &GroupRef) -> Result<Counts, StorageError> {
        let keys = [found.count_key(), count_key(found)];
        let counts = self.deps.engine.counters(&found.partition(), &keys).await?;
        let count = |index: usize| counts.get(index).map_or(0, |count| u64::try_from(*count).unwrap_or(0));
        Ok(Counts { members: count(0), rows: count(1) })
    }

    /// Makes the rows that are missing and deletes those that stand for nothing. The counts agree afterwards unless the
    /// members changed all the time.
    async fn order(&self, found: &GroupRef) -> Result<Counts, StorageError> {
        let _alone = self.ordering.lock().await;
        for _ in 0..PASSES {
            if self.try_order(found).await? {
                break;
            }
        }
        self.order_counts(found).await
    }

    /// False when somebody changed the members meanwhile.
    async fn try_order(&self, found: &GroupRef) -> Result<bool, StorageError> {
        let (engine, partition) = (&self.deps.engine, found.partition());
        // Read first, so that a change of the count after it is seen.
        let counted = engine.get(&partition, &[count_key(found)]).await?.pop().flatten();
        let said = self.order_counts(found).await?.rows;
        let members: Vec<(Bytes, Versioned<Member>)> =
            records::scan_all(engine, &partition, Table::Member, found.epoch()).await?;
        let rows: Vec<(Bytes, Versioned<Role>)> =
            records::scan_all(engine, &partition, Table::Order, found.epoch()).await?;
        let mut there: BTreeMap<Bytes, Role> =
            rows.into_iter().map(|(suffix, role)| (suffix, role.record)).collect();
        let is_main =
            |suffix: &Bytes| read_suffix(found, suffix).is_some_and(|(place, ..)| place != Place::Admin);
        let found_rows = there.keys().filter(|suffix| is_main(suffix)).count() as u64;
        if found_rows != said {
            let expected = counted.map_or(Expected::Absent, |counted| Expected::Version(counted.version));
            let difference = i64::try_from(found_rows).unwrap_or(0) - i64::try_from(said).unwrap_or(0);
            let batch = Batch::new(partition.clone(), self.deps.now()).check(count_key(found), expected).add(
                count_key(found),
                difference,
                None,
            );
            if !matches!(self.deps.commit(batch).await?, Outcome::Stored(_)) {
                return Ok(false);
            }
        }

        let mut changes = Vec::new();
        for (suffix, member) in &members {
            let user = suffix.get(found.epoch().len()..).and_then(|user| std::str::from_utf8(user).ok());
            let Some(user) = user.and_then(|user| UserId::parse(user).ok()) else { continue };
            let keys = keys(found, &user, &member.record);
            let is_right = |key: &Key| there.get(&key.suffix) == Some(&member.record.role);
            if !keys.iter().all(is_right) {
                let expected = Expected::Version(member.version);
                changes.push((found.member_key(&user), expected, keys.clone(), Some(member.record.role)));
            }
            for key in keys {
                there.remove(&key.suffix);
            }
        }
        // What is left stands for nobody, or for somebody at another place.
        for suffix in there.into_keys() {
            let Some((.., user)) = read_suffix(found, &suffix) else { continue };
            let member = match self.member(found, &user).await {
                // It may stand for them.
                Err(error) if error.is_damage() => continue,
                member => member?,
            };
            let expected = member.map_or(Expected::Absent, |member| Expected::Version(member.version));
            changes.push((found.member_key(&user), expected, vec![Key::new(Table::Order, suffix)], None));
        }
        for changes in changes.chunks(AT_ONCE) {
            if !self.change_rows(found, changes).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes rows of this role, or deletes them where there is none, while the memberships are what they were.
    async fn change_rows(
        &self,
        found: &GroupRef,
        changes: &[(Key, Expected, Vec<Key>, Option<Role>)],
    ) -> Result<bool, StorageError> {
        let partition = found.partition();
        let rows: Vec<Key> = changes.iter().flat_map(|(_, _, rows, _)| rows.iter().cloned()).collect();
        let mut there = records::values_each(&self.deps.engine, &partition, &rows).await?.into_iter();
        let mut batch = Batch::new(partition, self.deps.now());
        let mut difference = 0;
        for (member, expected, rows, role) in changes {
            batch = batch.check(member.clone(), *expected);
            for row in rows {
                // One that is damaged was not counted, and nothing can be demanded of it.
                let row_found = there.next().unwrap_or(Ok(None));
                let is_there = matches!(row_found, Ok(Some(_)));
                if row_found.is_ok() {
                    let expected = if is_there { Expected::Present } else { Expected::Absent };
                    batch = batch.check(row.clone(), expected);
                }
                let place = read_suffix(found, &row.suffix).map(|(place, ..)| place);
                let counts = place.is_some_and(|place| place != Place::Admin);
                batch = match role {
                    Some(role) => {
                        difference += i64::from(counts && !is_there);
                        batch.put(row.clone(), records::encode(role))
                    }
                    None => {
                        difference -= i64::from(counts && is_there);
                        batch.delete(row.clone())
                    }
                };
            }
        }
        if difference != 0 {
            batch = batch.add(count_key(found), difference, None);
        }
        Ok(matches!(self.deps.commit(batch).await?, Outcome::Stored(_)))
    }
}

/// How many members there are, and how many of them have a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    members: u64,
    rows: u64,
}

impl Counts {
    fn agree(self) -> bool {
        self.members == self.rows
    }
}
