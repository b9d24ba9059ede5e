//! Applications: the tenants of one gateway. What is allowed, and who may sign and administrate, is asked of the
//! application in which something is done, never of the process.

use std::collections::HashMap;

use protocol::id::{AppId, UserId};
use protocol::usersig::{self, SecretKey};
use serde::{Deserialize, Serialize};

use super::group::{FieldBook, LiveSettings, RuleBook};
use super::limits::Limits;
use super::rates::Rates;
use super::retention;

/// Logging in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Login {
    /// How often a client says hello. After an outage a client dials again within this time.
    pub hello_interval_seconds: u32,
    /// Devices of one platform that a user may have at once; the newest login puts the oldest out. 0 is any number.
    pub devices_per_platform: usize,
    /// Devices of all platforms that a user may have at once; the newest login puts the oldest out. 0 is any number.
    pub devices_per_user: usize,
    /// How far the clock of whoever issues UserSigs may be ahead; 0 lets them come from any future.
    pub usersig_skew_seconds: u64,
    /// How long after its login a session ends, if its UserSig does not before; 0 leaves it to the UserSig.
    pub token_seconds: u64,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            hello_interval_seconds: 10,
            devices_per_platform: 1,
            devices_per_user: 20,
            usersig_skew_seconds: usersig::SKEW_SECONDS,
            token_seconds: 0,
        }
    }
}

/// What an operator can set for one application.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub login: Login,
    pub limits: Limits,
    pub rates: Rates,
    pub rules: RuleBook,
    pub fields: FieldBook,
    pub retention: retention::Policy,
    pub live: LiveSettings,
}

impl Settings {
    /// Bounds that are off are ones that nobody meets: whoever compares with one need not know that 0 is none.
    fn open(&mut self) {
        self.limits.open();
        self.live.open();
        if self.login.devices_per_platform == 0 {
            self.login.devices_per_platform = usize::MAX;
        }
    }
}

/// An application.
#[derive(Clone, Debug)]
pub struct Application {
    /// The first signs; all of them are good for checking. Empty only where nobody can log in: see [`Applications::of`].
    pub keys: Vec<SecretKey>,
    pub admins: Vec<UserId>,
    pub settings: Settings,
}

/// The applications that are served.
#[derive(Clone, Debug)]
pub struct Applications {
    served: HashMap<AppId, Application>,
    unserved: Application,
}

impl Applications {
    /// None yet. `defaults` hold for what is kept of applications that are not served any more.
    pub fn new(mut defaults: Settings) -> Self {
        defaults.open();
        let unserved = Application { keys: Vec::new(), admins: Vec::new(), settings: defaults };
        Self { served: HashMap::new(), unserved }
    }

    /// Adds an application; gives false when it is there already.
    pub fn add(&mut self, id: AppId, mut application: Application) -> bool {
        application.settings.open();
        self.served.insert(id, application).is_none()
    }

    /// Those that are served.
    pub fn ids(&self) -> impl Iterator<Item = AppId> {
        self.served.keys().copied()
    }

    /// Whether several share what there is.
    pub fn are_several(&self) -> bool {
        self.served.len() > 1
    }

    /// The application, if it is served.
    pub fn get(&self, id: AppId) -> Option<&Application> {
        self.served.get(&id)
    }

    /// All that are served.
    pub fn iter(&self) -> impl Iterator<Item = (AppId, &Application)> {
        self.served.iter().map(|(id, application)| (*id, application))
    }

    /// The application; where it is not served, one without keys and administrators and with the defaults. Its users
    /// cannot log in, but the store may still hold what they said.
    pub fn of(&self, id: AppId) -> &Application {
        self.served.get(&id).unwrap_or(&self.unserved)
    }

    /// Sets something for every application and for the defaults.
    pub fn set(&mut self, mut change: impl FnMut(&mut Settings)) {
        for application in self.served.values_mut().chain([&mut self.unserved]) {
            change(&mut application.settings);
            application.settings.open();
        }
    }

    /// Whether something holds for every application and for the defaults.
    pub fn all(&self, mut holds: impl FnMut(&Settings) -> bool) -> bool {
        self.served.values().chain([&self.unserved]).all(|application| holds(&application.settings))
    }
}
