//! A gateway whose connections at `/echo` say back what they are told, for a program that tests WebSockets. Prints its
//! address and serves until it is ended.

#![allow(clippy::print_stdout, reason = "a program that is told of by its output")]

use tests::TestGateway;

/// What the longest message of the suite has, and its header.
const MOST_BYTES: usize = (16 << 20) + 64;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let gateway = TestGateway::start_with(|config| {
        config.connections.max_frame_bytes = MOST_BYTES;
        config.connections.queue_bytes = 4 * MOST_BYTES;
    })
    .await;
    println!("{}", gateway.address());
    std::future::pending::<()>().await;
}
