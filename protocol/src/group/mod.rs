//! Groups: their kinds, their life, their members, and the tips that tell of changes.

mod application;
mod attribute;
mod ban;
mod counter;
mod join;
mod kind;
mod life;
mod live;
mod member;
mod profile;
mod tip;
mod topic;

pub use application::*;
pub use attribute::*;
pub use ban::*;
pub use counter::*;
pub use join::*;
pub use kind::*;
pub use life::*;
pub use live::*;
pub use member::*;
pub use profile::*;
pub use tip::*;
pub use topic::*;
