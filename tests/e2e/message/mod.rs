//! Messages.

mod back_end;
mod c2c;
mod group;
mod mentions;
mod missed;
mod pin;
mod too_fast;
