//! What breaks beneath: disks, files, Redis, logs. What was acknowledged stays, and what can go on does.

mod config;
mod damage;
mod directory;
mod disk;
mod first_start;
mod logs;
mod program;
mod records;
mod redis;
