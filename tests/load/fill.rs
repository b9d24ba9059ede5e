//! Brings many into a group, before anything is measured.

use std::time::Instant;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tests::Admin;

use crate::Result;

/// As many as one call takes, and calls at once.
const IN_A_CALL: usize = 100;
const AT_ONCE: usize = 16;

/// Brings in `members` who are never online, called `prefix` and a number, by the command `add`. Fails unless all are in.
pub(crate) async fn bring_in(
    admin: &Admin,
    add: &str,
    group: &str,
    prefix: &str,
    members: usize,
) -> Result<()> {
    let begin = Instant::now();
    let firsts = (0..members).step_by(IN_A_CALL);
    let each = stream::iter(firsts).map(|first| async move {
        let some = first..members.min(first + IN_A_CALL);
        let list: Vec<_> =
            some.map(|number| json!({"Member_Account": format!("{prefix}{number}")})).collect();
        let asked = list.len();
        let body = json!({"GroupId": group, "Silence": 1, "MemberList": list});
        let added = admin.call(add, body).await.ok();
        let results = added["MemberList"].as_array().map_or(0, Vec::len);
        if results == asked { Ok(()) } else { Err(format!("{results} of {asked} were looked at")) }
    });
    each.buffer_unordered(AT_ONCE).try_for_each(|()| async { Ok(()) }).await?;
    if members > 0 {
        eprintln!("{group}: {members} brought in after {:.1?}", begin.elapsed());
    }
    Ok(())
}
