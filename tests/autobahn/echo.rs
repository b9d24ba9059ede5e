//! A gateway whose connections at `/echo` say back what they are told, for a program that tests WebSockets. Prints its
//! address and serves until it is ended.

#![allow(clippy::print_stdout, reason = "a program that is told of by its output")]

use std::time::Duration;

use tests::TestGateway;

/// The longest message of the suite.
const MOST_BYTES: usize = 16 << 20;

/// Longer than any case takes.
const LONG: Duration = Duration::from_secs(3600);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let gateway = TestGateway::start_with(|config| {
        config.connections.max_frame_bytes = MOST_BYTES;
        config.connections.unfinished_bytes = None;
        // Nobody logs in, and some messages come in pieces of 64 bytes.
        config.connections.login = LONG;
        config.connections.message = LONG;
    })
    .await;
    println!("{}", gateway.address());
    std::future::pending::<()>().await;
}
