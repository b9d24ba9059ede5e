//! The history by time: a client goes back with the time of the last item that it got.
//!
//! That time is a whole second, so a page holds whole seconds and the next one begins before them. The word "now" of a
//! client is a whole second too, and means what was said in it as well; but then the same text would mean two things in
//! the two seconds that count as now. So no page ends there: it goes on to older ones, and where there are none the
//! answer waits until they are the past.

use std::time::Duration;

use protocol::legacy::{self, ChatList};
use protocol::{ErrorCode, json};

use super::{Legacy, bad, refusal};
use crate::commands::{self, legacy::PageBefore};
use crate::edge::Edge;
use crate::edge::reply::{self, Refusal, Reply};

/// Items of one page, whatever more is asked for.
const MAX_PAGE: u64 = 200;

pub(super) async fn page(edge: &Edge, legacy: &Legacy, time: &str, number: &str) -> Result<Reply, Refusal> {
    let zone = legacy.settings.zone;
    let second = zone
        .second(time)
        .ok_or_else(|| bad("time is yyyy-MM-dd HH:mm:ss, percent-encoded: 2026-01-01%2012:00:00"))?;
    let number = number.parse().ok().filter(|number| *number > 0);
    let number: u64 = number.ok_or_else(|| bad("number is a number of items from 1 on"))?;

    let now = legacy.clock.now().seconds();
    let settled = now.saturating_sub(1);
    let page = PageBefore {
        second: if second >= settled { second.max(now + 1) } else { second },
        settled,
        count: number.min(MAX_PAGE) as usize,
    };
    let group = &legacy.settings.group;
    let said = commands::legacy::history(&edge.context, legacy.app, &legacy.admins[0], group, page).await;
    let said = match said {
        Ok(said) => said,
        // Nobody has come yet.
        Err(failure) if failure.code == ErrorCode::GROUP_MISSING => Vec::new(),
        Err(failure) => return Err(refusal(failure.code)),
    };
    let past = said.last().map_or(0, |(at, _)| (at.seconds() + 2) * 1000);
    let wait = past.saturating_sub(legacy.clock.now().0);
    tokio::time::sleep(Duration::from_millis(wait.min(3000))).await;
    let items = said.iter().map(|(at, message)| legacy::listed(message, &zone.format(*at))).collect();
    Ok(reply::bare("application/json", json::raw(&ChatList { items }).get().to_owned()))
}
