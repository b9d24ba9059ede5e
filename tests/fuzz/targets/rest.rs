//! A line with a query, a line with the name of a command, and behind them the body: a call by REST, by an administrator
//! where the query cannot be one's.
#![no_main]

use fuzz::{Scene, command};
use libfuzzer_sys::fuzz_target;
use protocol::rest::Query;

thread_local! {
    static SCENE: Scene = Scene::new();
}

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let (query, name, body) = (lines.next(), lines.next(), lines.next().unwrap_or("{}"));
    let _ = Query::from_pairs(form_urlencoded::parse(query.unwrap_or_default().as_bytes()));
    if protocol::json::is_shallow(body.as_bytes()) {
        SCENE.with(|scene| scene.call_as_admin(command(name.unwrap_or_default()), body));
    }
});
