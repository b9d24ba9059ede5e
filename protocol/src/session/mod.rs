//! Connecting, logging in, staying online, logging out; the client's configuration.

mod config;
mod device;
mod login;
mod terminal;

pub use config::*;
pub use device::*;
pub use login::*;
pub use terminal::*;
