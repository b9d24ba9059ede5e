//! A line with the name of a command, and behind it the body: each request, by a user on the socket, to its end.
#![no_main]

use fuzz::{Scene, command};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static SCENE: Scene = Scene::new();
}

fuzz_target!(|text: &str| {
    let (name, body) = text.split_once('\n').unwrap_or((text, "{}"));
    if protocol::json::is_shallow(body.as_bytes()) {
        SCENE.with(|scene| scene.call(command(name), body));
    }
});
