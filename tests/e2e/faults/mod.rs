//! What breaks beneath: disks, files, Redis, logs. What was acknowledged stays, and what can go on does.

mod redis;
