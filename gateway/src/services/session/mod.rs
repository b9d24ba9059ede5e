//! Sessions: who is logged in, on which device, and since when.
//!
//! A device proves itself with a UserSig once and with a *session token* from then on. The token is signed, not looked
//! up, so any instance with the same key knows it after any restart; what is kept of a session is only what can end it:
//! the device list of the user, and the account's "not before".

mod answers;
mod position;
mod recalls;
pub(super) mod sealed;
mod token;

use std::collections::HashSet;
use std::time::Duration;

use protocol::id::{AppId, Millis, UserId};
use protocol::legacy;
use protocol::session::{KickReason, Terminal};
use protocol::usersig;
use serde::{Deserialize, Serialize};

use super::account::{self, Account, Accounts};
use super::application::Application;
use super::decide::{Decision, Refused};
use super::deps::{Deps, MayBeDamage, side_by_side};
use super::group::stay_key;
use super::push::heard_key;
use super::rates::TooOften;
use super::receipts::Receipts;
use crate::bus::{Control, DeviceClaim, DeviceId, Ended, Topic};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Partition, StorageError, Table};
use crate::telemetry::Bound;

pub use answers::ANSWERS_KEPT;
pub(super) use position::DevicePosition;
pub(super) use recalls::KnownRecalls;
pub use token::Claims;

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("no such application")]
    UnknownApp,
    #[error("the UserSig is refused: {0}")]
    UserSig(#[from] usersig::Error),
    /// The UserSig is older than the last kick.
    #[error("the UserSig was made invalid")]
    Revoked,
    /// The session is over: its UserSig has expired, or it has lasted as long as one may.
    #[error("the session is over")]
    Over,
    /// The session token is not one of ours.
    #[error("the session token is not valid")]
    BadToken,
    /// The device was logged out by somebody else.
    #[error("the device was logged out")]
    Kicked(KickReason),
    #[error("the UserSig cannot be made: {0}")]
    Unsignable(#[from] usersig::IssueError),
    #[error(transparent)]
    TooOften(#[from] TooOften),
    #[error("too many log-ins at once")]
    Busy,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Refused> for SessionError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy(_) => SessionError::Busy,
            Refused::Bound(_) => StorageError::from(refused).into(),
        }
    }
}

/// A device that is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub id: DeviceId,
    pub platform: u32,
    /// When it logged in.
    pub since: Millis,
    /// Which of its connections this is: the end of an older one says nothing about a newer one.
    pub visit: u64,
    /// The last Unix second of its session. Tokens of versions that set no end have none.
    pub until: Option<u64>,
    /// What was said before this time it has, or reads after its login.
    pub position: Millis,
    /// Its session was taken up again: what was said since then it is told.
    pub is_back: bool,
}

/// A login that succeeded.
#[derive(Debug)]
pub struct LoggedIn {
    pub account: Account,
    pub device: Device,
    pub token: String,
}

/// What is kept of a device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DeviceRecord {
    id: DeviceId,
    /// The client's own id of its SDK object: the same over reconnects.
    instance: String,
    since: Millis,
    /// Where it is connected; absent when it is nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

/// A connection of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The life of the process.
    node: u64,
    visit: u64,
}

/// The numbers that SDKs give their platforms are below this.
const PLATFORMS: u32 = 32;

/// A platform as devices are told apart by it. Made-up ones are one and the same: each has a list of devices of its own,
/// and a client could have as many as there are numbers.
fn known_platform(platform: u32) -> u32 {
    if platform < PLATFORMS || platform == legacy::PLATFORM { platform } else { 0 }
}

/// All that [`known_platform`] gives.
fn known_platforms() -> impl Iterator<Item = u32> {
    (0..PLATFORMS).chain([legacy::PLATFORM])
}

/// The devices of a platform on which nobody logs in now.
struct Others {
    key: Key,
    expected: Expected,
    devices: Vec<DeviceRecord>,
    is_changed: bool,
}

impl Others {
    /// Of two logins at once on two platforms the second counts anew: so every list is to be what it was.
    fn keep(batch: Batch, list: Others) -> Batch {
        let batch = batch.check(list.key.clone(), list.expected);
        match list {
            Others { is_changed: false, .. } => batch,
            Others { devices, key, .. } if devices.is_empty() => batch.delete(key),
            Others { devices, key, .. } => batch.put(key, records::encode(&devices)),
        }
    }
}

fn devices_key(platform: u32) -> Key {
    Key::new(Table::Session, platform.to_be_bytes().to_vec())
}

/// The devices of one platform as they were found.
enum Devices {
    /// With what must hold when the list is changed.
    Known(Vec<DeviceRecord>, Expected),
    Damaged,
}

/// Nothing is kept any more of what a device has.
fn without_device(batch: Batch, device: DeviceId) -> Batch {
    let keys = [heard_key(device), position::key(device), recalls::key(device), stay_key(device)];
    keys.into_iter().fold(batch, Batch::delete)
}

/// What is kept of a device as long as its session lasts.
pub(super) fn session_mark(device: DeviceId) -> Key {
    position::key(device)
}

/// The devices of a platform, and what must hold when the list is changed.
fn devices_of(found: Option<Versioned<Vec<DeviceRecord>>>) -> (Vec<DeviceRecord>, Expected) {
    found.map_or((Vec::new(), Expected::Absent), |found| (found.record, Expected::Version(found.version)))
}

/// Lets devices in and out.
#[derive(Clone)]
pub struct Sessions {
    deps: Deps,
    accounts: Accounts,
    recalls: Receipts<KnownRecalls>,
}

impl Sessions {
    pub fn new(deps: Deps, accounts: Accounts) -> Self {
        Self { deps, accounts, recalls: Receipts::default() }
    }

    fn app(&self, app: AppId) -> Result<&Application, SessionError> {
        self.deps.apps.get(app).ok_or(SessionError::UnknownApp)
    }

    /// How many devices of a platform a user may have at once.
    fn devices_on(&self, app: AppId, platform: u32) -> usize {
        // The old chat's clients know one connection of a user.
        if platform == legacy::PLATFORM { 1 } else { self.deps.settings(app).login.devices_per_platform }
    }

    /// How often clients say hello.
    pub fn hello_interval_seconds(&self, app: AppId) -> u32 {
        self.deps.settings(app).login.hello_interval_seconds
    }

    pub fn is_admin(&self, app: AppId, user: &UserId) -> bool {
        self.deps.apps.get(app).is_some_and(|app| app.admins.contains(user))
    }

    /// A UserSig of now: the right to act as `user` for `lifetime` seconds.
    pub fn issue_usersig(&self, app: AppId, user: &UserId, lifetime: u64) -> Result<String, SessionError> {
        let key = self.app(app)?.keys.first().ok_or(SessionError::UnknownApp)?;
        Ok(usersig::issue(key, app, user.as_str(), self.deps.now().seconds(), lifetime, None)?)
    }

    /// Checks a UserSig by itself: nothing is read.
    pub fn verify_usersig(
        &self,
        app: AppId,
        user: &UserId,
        text: &str,
    ) -> Result<usersig::Claims, SessionError> {
        let keys = self.app(app)?;
        let skew = self.deps.settings(app).login.usersig_skew_seconds;
        let skew = (skew > 0).then_some(skew);
        Ok(usersig::verify(&keys.keys, app, user.as_str(), self.deps.now().seconds(), skew, text)?)
    }

    /// Checks a UserSig against the last kick. Gives the last second in which it is good.
    pub async fn check_not_revoked(
        &self,
        app: AppId,
        user: &UserId,
        claims: &usersig::Claims,
    ) -> Result<u64, SessionError> {
        let not_before = self.accounts.get(app, user).await?.map_or(0, |account| account.not_before);
        // A token of the very second of the kick is refused: it may be the stolen one.
        if not_before > 0 && !claims.issued_after(not_before) {
            return Err(SessionError::Revoked);
        }
        Ok(claims.expires_at().unwrap_or_else(|| self.deps.now().seconds()))
    }

    /// Fails where the session of a device is over.
    pub fn check_end(&self, app: AppId, since: Millis, until: Option<u64>) -> Result<(), SessionError> {
        let now = self.deps.now().seconds();
        if self.end(app, since, until).is_some_and(|end| now > end) {
            Err(SessionError::Over)
        } else {
            Ok(())
        }
    }

    /// The last second of a session that goes as far as `until`, by the settings of now.
    fn end(&self, app: AppId, since: Millis, until: Option<u64>) -> Option<u64> {
        let most = self.deps.settings(app).login.token_seconds;
        let most = (most > 0).then(|| since.seconds().saturating_add(most));
        until.into_iter().chain(most).min()
    }

    /// How long the session of a device lasts from now; `None` where nothing ends it.
    pub fn remaining(&self, app: AppId, device: &Device) -> Option<Duration> {
        let end = self.end(app, device.since, device.until)?;
        Some(Duration::from_secs(end.saturating_add(1).saturating_sub(self.deps.now().seconds())))
    }

    /// Checks a session token by itself: nothing is read.
    pub fn open_token(&self, app: AppId, text: &str) -> Result<Claims, SessionError> {
        let keys = self.app(app)?;
        let claims = Claims::open(&keys.keys, text).ok_or(SessionError::BadToken)?;
        if claims.app != app {
            return Err(SessionError::BadToken);
        }
        self.check_end(app, claims.since, claims.until)?;
        Ok(claims)
    }

    /// Checks a session against the device list and the last kick.
    pub async fn check_not_ended(&self, claims: &Claims) -> Result<(), SessionError> {
        let device = DeviceClaim { id: claims.device, platform: claims.platform, since: claims.since };
        match self.ended(claims.app, &claims.user, device).await? {
            None => Ok(()),
            Some(Ended::Kicked(reason)) => Err(SessionError::Kicked(reason)),
            Some(Ended::Forgotten) => Err(SessionError::BadToken),
        }
    }

    /// Why a device is logged in no more; `None` while it is.
    pub async fn ended(
        &self,
        app: AppId,
        user: &UserId,
        device: DeviceClaim,
    ) -> Result<Option<Ended>, StorageError> {
        let (account, devices) = self.account_and_devices(app, user, device.platform).await?;
        // A login makes the account, and nothing but the loss of the store deletes it.
        let Some(account) = account else { return Ok(Some(Ended::Forgotten)) };
        if device.since.seconds() <= account.not_before {
            return Ok(Some(Ended::Kicked(KickReason::ByAdmin)));
        }
        // What cannot be read ends nobody's session.
        let Devices::Known(devices, _) = devices else { return Ok(None) };
        if devices.iter().any(|known| known.id == device.id) {
            return Ok(None);
        }
        // Who took its place came later. An older state of the store has only those who were there before.
        let is_older_state = !devices.is_empty() && devices.iter().all(|known| known.since < device.since);
        Ok(Some(if is_older_state { Ended::Forgotten } else { Ended::Kicked(KickReason::Replaced) }))
    }

    /// Begins the session of a device whose UserSig was checked, and is good up to the second `until`. Makes the account at
    /// the first login. When the platform is full, the device that is longest there goes.
    pub async fn login(
        &self,
        app: AppId,
        user: &UserId,
        (platform, instance): (u32, &str),
        until: u64,
    ) -> Result<LoggedIn, SessionError> {
        let platform = known_platform(platform);
        let decided = self.deps.decide("log in", || async {
            let now = self.deps.now();
            let (known, devices) = self.account_and_devices(app, user, platform).await?;
            let (mut devices, expected) = match devices {
                Devices::Known(devices, expected) => (devices, Some(expected)),
                Devices::Damaged => {
                    tracing::warn!(
                        %app, %user, platform,
                        "the list of a user's devices is damaged: a login begins it anew, and the other devices log in again"
                    );
                    (Vec::new(), None)
                }
            };
            let batch = Batch::new(Partition::user(app, user), now);
            let is_known = known.is_some();
            let (account, mut batch) = match known {
                Some(account) => (account, batch),
                None => Accounts::make(app, user, batch),
            };
            // The same SDK object again has the same session, and with it the same token: clients repeat a login that
            // was not answered, and keep the token of whichever answer came first.
            let same = devices.iter().position(|device| !instance.is_empty() && device.instance == instance);
            let mut device = match same {
                Some(index) => devices.remove(index),
                None => DeviceRecord {
                    id: fresh_id(&devices),
                    instance: instance.to_owned(),
                    since: later_than(&devices, now),
                    place: None,
                },
            };
            let place = self.new_place();
            device.place = Some(place);
            let (id, since) = (device.id, device.since);
            let surplus = (devices.len() + 1).saturating_sub(self.devices_on(app, platform));
            let replaced: Vec<DeviceRecord> = devices.drain(..surplus.min(devices.len())).collect();
            // Only a user who was there before, and has one more now, can have too many.
            let mut replaced = replaced;
            if is_known && same.is_none() && replaced.is_empty() {
                let (others, put_out) = self.make_room(app, user, platform, &mut devices).await?;
                batch = others.into_iter().fold(batch, Others::keep);
                replaced = put_out;
            }
            devices.push(device);
            if let Some(expected) = expected {
                batch = batch.check(devices_key(platform), expected);
            }
            batch = batch
                .put(devices_key(platform), records::encode(&devices))
                .put(position::key(id), records::encode(&DevicePosition::at(now)));
            for device in replaced {
                batch = without_device(batch, device.id);
                let event = Control::Kicked {
                    device: Some(device.id),
                    reason: KickReason::Replaced,
                    by: id,
                    terminal: Some(Terminal(platform)),
                };
                batch = batch.announce(Topic::User(app, user.clone()), event);
            }
            let device = Device { id, platform, since, visit: place.visit, until: Some(until), position: now, is_back: false };
            Ok::<_, SessionError>(Decision::Commit(batch, (account, device)))
        });
        let (account, device) = decided.await?;
        let token = self.token(app, user, &device)?;
        Ok(LoggedIn { account, device, token })
    }

    /// Makes room for one more device of a platform, of which there are `devices`, where the user has as many as they may
    /// over all platforms: the oldest go. Gives the lists of the other platforms and who goes.
    async fn make_room(
        &self,
        app: AppId,
        user: &UserId,
        platform: u32,
        devices: &mut Vec<DeviceRecord>,
    ) -> Result<(Vec<Others>, Vec<DeviceRecord>), StorageError> {
        let most = self.deps.settings(app).login.devices_per_user;
        if most == 0 {
            return Ok((Vec::new(), Vec::new()));
        }
        let keys: Vec<Key> = known_platforms().filter(|other| *other != platform).map(devices_key).collect();
        let found: Vec<Result<Option<Versioned<Vec<DeviceRecord>>>, StorageError>> =
            records::get_each(&self.deps.engine, &Partition::user(app, user), &keys).await?;
        let mut others: Vec<Others> = keys
            .into_iter()
            .zip(found)
            // The devices of a list that is damaged do not count.
            .filter_map(|(key, found)| {
                let (devices, expected) = devices_of(found.ok()?);
                Some(Others { key, expected, devices, is_changed: false })
            })
            .collect();
        let mut put_out = Vec::new();
        loop {
            let count = devices.len() + others.iter().map(|list| list.devices.len()).sum::<usize>();
            if count < most {
                break;
            }
            let oldest = |devices: &[DeviceRecord]| devices.iter().map(|device| device.since).min();
            let of_others = others.iter_mut().filter(|list| !list.devices.is_empty());
            let of_others = of_others.min_by_key(|list| oldest(&list.devices));
            let list = match of_others {
                Some(list) if devices.is_empty() || oldest(&list.devices) <= oldest(devices) => {
                    list.is_changed = true;
                    &mut list.devices
                }
                _ => &mut *devices,
            };
            let Some(index) = (0..list.len()).min_by_key(|index| list[*index].since) else { break };
            put_out.push(list.remove(index));
        }
        if !put_out.is_empty() {
            Bound::DevicesPerUser.refused(user);
        }
        Ok((others, put_out))
    }

    /// Takes up the session of a checked token on a new connection.
    pub async fn resume(&self, claims: &Claims) -> Result<LoggedIn, SessionError> {
        let Claims { device: id, platform, since, until, .. } = *claims;
        let device = Device { id, platform, since, visit: 0, until, position: since, is_back: false };
        self.resume_device(claims.app, &claims.user, &device).await
    }

    /// Takes up the session of a device again where it is.
    pub async fn resume_device(
        &self,
        app: AppId,
        user: &UserId,
        device: &Device,
    ) -> Result<LoggedIn, SessionError> {
        let account = self.accounts.ensure(app, user).await?;
        let place = self.new_place();
        self.change_devices(app, user, device.platform, |devices| {
            for known in devices.iter_mut().filter(|known| known.id == device.id) {
                known.place = Some(place);
            }
        })
        .await?;
        let position = self.position(app, user, device).await?;
        let token = self.token(app, user, device)?;
        let device = Device { visit: place.visit, position, is_back: true, ..device.clone() };
        Ok(LoggedIn { account, device, token })
    }

    /// Ends the session of a device that asked for it.
    pub async fn logout(
        &self,
        app: AppId,
        user: &UserId,
        platform: u32,
        device: DeviceId,
    ) -> Result<(), SessionError> {
        self.change_devices(app, user, platform, |devices| devices.retain(|known| known.id != device)).await
    }

    /// The device's connection is gone; its session is not.
    pub async fn disconnected(&self, app: AppId, user: &UserId, device: &Device) -> Result<(), SessionError> {
        let gone = Some(Place { node: self.deps.node, visit: device.visit });
        self.change_devices(app, user, device.platform, |devices| {
            for known in devices.iter_mut().filter(|known| known.id == device.id && known.place == gone) {
                known.place = None;
            }
        })
        .await
    }

    fn new_place(&self) -> Place {
        Place { node: self.deps.node, visit: rand::random() }
    }

    /// Ends all sessions of a user and voids their UserSigs. False when there is no such account.
    ///
    /// UserSigs say the second in which they were made, and those of the second of the kick are void: one of them may be
    /// the stolen one. So it is over when that second is, and one that is made then is good.
    pub async fn kick(&self, app: AppId, user: &UserId) -> Result<bool, SessionError> {
        let Some(voided_at) = self.accounts.void(app, user).await? else { return Ok(false) };
        // The sessions are void already; this tells the devices and cleans up.
        let found = self.all_devices(app, user).await?;
        let mut batch = Batch::new(Partition::user(app, user), self.deps.now());
        for (suffix, devices) in found {
            batch = batch.delete(Key::new(Table::Session, suffix));
            for device in devices.record {
                batch = without_device(batch, device.id);
            }
        }
        let event = Control::Kicked { device: None, reason: KickReason::ByAdmin, by: 0, terminal: None };
        self.deps.commit(batch.announce(Topic::User(app, user.clone()), event)).await?;
        tokio::time::sleep(rest_of_second(voided_at)).await;
        Ok(true)
    }

    /// The platforms on which the user is connected now.
    pub async fn online(&self, app: AppId, user: &UserId) -> Result<Vec<u32>, StorageError> {
        let places = self.places(app, user).await?;
        let nodes: Vec<u64> = places.iter().map(|(_, node)| *node).collect();
        let alive = self.deps.liveness.alive(&nodes).await;
        let mut platforms: Vec<u32> = places
            .into_iter()
            .zip(alive)
            .filter(|(_, alive)| *alive)
            .map(|((platform, _), _)| platform)
            .collect();
        platforms.dedup();
        Ok(platforms)
    }

    /// Which of these users are connected now, in their order.
    pub async fn are_online(&self, app: AppId, users: Vec<UserId>) -> Result<Vec<bool>, StorageError> {
        let places = side_by_side(users, |user| async move { self.places(app, &user).await }).await?;
        let mut nodes: Vec<u64> = places.iter().flatten().map(|(_, node)| *node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let alive = self.deps.liveness.alive(&nodes).await;
        let alive: HashSet<u64> =
            nodes.into_iter().zip(alive).filter(|(_, alive)| *alive).map(|(node, _)| node).collect();
        Ok(places.iter().map(|places| places.iter().any(|(_, node)| alive.contains(node))).collect())
    }

    /// Where a user's devices are said to be: platforms, and instances which may have died.
    async fn places(&self, app: AppId, user: &UserId) -> Result<Vec<(u32, u64)>, StorageError> {
        let mut places = Vec::new();
        for (suffix, devices) in self.all_devices(app, user).await? {
            if let Ok(bytes) = suffix.as_ref().try_into() {
                let platform = u32::from_be_bytes(bytes);
                let nodes = devices.record.iter().filter_map(|device| device.place).map(|place| place.node);
                places.extend(nodes.map(|node| (platform, node)));
            }
        }
        Ok(places)
    }

    async fn all_devices(
        &self,
        app: AppId,
        user: &UserId,
    ) -> Result<Vec<(bytes::Bytes, Versioned<Vec<DeviceRecord>>)>, StorageError> {
        let partition = Partition::user(app, user);
        records::scan_all(&self.deps.engine, &partition, Table::Session, bytes::Bytes::new()).await
    }

    /// What a login and a look at a session need, in one question.
    async fn account_and_devices(
        &self,
        app: AppId,
        user: &UserId,
        platform: u32,
    ) -> Result<(Option<Account>, Devices), StorageError> {
        let keys = [account::key(), devices_key(platform)];
        let found = records::values_each(&self.deps.engine, &Partition::user(app, user), &keys).await?;
        let mut found = found.into_iter().map(|value| value.transpose());
        let (account, devices) = (found.next().flatten().transpose()?, found.next().flatten());
        let account = account.map(|value| records::decode(&value.bytes)).transpose()?;
        let devices = devices.map(|value| value.and_then(|value| records::versioned(&value))).transpose();
        let devices = match devices {
            Err(error) if error.is_damage() => Devices::Damaged,
            devices => {
                let (devices, expected) = devices_of(devices?);
                Devices::Known(devices, expected)
            }
        };
        Ok((account, devices))
    }

    async fn devices(
        &self,
        app: AppId,
        user: &UserId,
        platform: u32,
    ) -> Result<(Vec<DeviceRecord>, Expected), StorageError> {
        let partition = Partition::user(app, user);
        Ok(devices_of(records::get(&self.deps.engine, &partition, devices_key(platform)).await?))
    }

    async fn change_devices(
        &self,
        app: AppId,
        user: &UserId,
        platform: u32,
        change: impl Fn(&mut Vec<DeviceRecord>) + Send + Sync,
    ) -> Result<(), SessionError> {
        let decided = self.deps.decide("change a user's devices", || async {
            let (mut devices, expected) = match self.devices(app, user, platform).await {
                // Nothing can be said about one of them before one logs in anew.
                Err(error) if error.is_damage() => return Ok(Decision::Done(())),
                devices => devices?,
            };
            let before: Vec<_> = devices.iter().map(|device| (device.id, device.place)).collect();
            change(&mut devices);
            if devices.iter().map(|device| (device.id, device.place)).eq(before.iter().copied()) {
                return Ok(Decision::Done(()));
            }
            let mut batch = Batch::new(Partition::user(app, user), self.deps.now())
                .check(devices_key(platform), expected);
            for (gone, _) in before {
                if devices.iter().all(|device| device.id != gone) {
                    batch = without_device(batch, gone);
                }
            }
            let batch = if devices.is_empty() {
                batch.delete(devices_key(platform))
            } else {
                batch.put(devices_key(platform), records::encode(&devices))
            };
            Ok::<_, SessionError>(Decision::Commit(batch, ()))
        });
        decided.await
    }

    fn token(&self, app: AppId, user: &UserId, device: &Device) -> Result<String, SessionError> {
        let claims = Claims {
            app,
            user: user.clone(),
            device: device.id,
            platform: device.platform,
            since: device.since,
            until: device.until,
        };
        let key = self.app(app)?.keys.first().ok_or(SessionError::UnknownApp)?;
        Ok(claims.seal(key))
    }
}

/// A time of now that is later than those of the devices it comes after. Instances look at their clocks before they look at
/// the list, and one clock may be behind another; but who puts a device out did come later, and by that
/// [`Sessions::ended`] tells it from a store that was put back.
fn later_than(devices: &[DeviceRecord], now: Millis) -> Millis {
    devices.iter().map(|device| Millis(device.since.0.saturating_add(1))).fold(now, Millis::max)
}

/// How long it is until the next second begins.
fn rest_of_second(now: Millis) -> Duration {
    Duration::from_millis(1000 - now.0 % 1000)
}

/// A number that no device of the list has; never 0, which means "none" on the wire.
fn fresh_id(devices: &[DeviceRecord]) -> DeviceId {
    loop {
        let id = rand::random_range(1..=DeviceId::MAX >> 1);
        if devices.iter().all(|device| device.id != id) {
            return id;
        }
    }
}
