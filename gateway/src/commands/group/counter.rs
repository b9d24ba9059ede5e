//! Counters.

use protocol::group::{Counters, CountersUpdated, DeleteCounters, GetCounters, UpdateCounters};
use protocol::request::Empty;

use crate::commands::{Call, Context, Refusal};

pub(in crate::commands) async fn update(
    context: &Context,
    call: &Call,
    UpdateCounters { group, items, mode }: UpdateCounters,
) -> Result<CountersUpdated, Refusal> {
    let items =
        context.services.groups.count_up(&call.actor()?, &group, (mode, &items), call.request()).await?;
    Ok(CountersUpdated { items })
}

pub(in crate::commands) async fn get(
    context: &Context,
    call: &Call,
    GetCounters { group, keys }: GetCounters,
) -> Result<Counters, Refusal> {
    let counters = context.services.groups.counters(&call.actor()?, &group).await?;
    Ok(Counters { items: counters.items(&keys), seq: counters.seq })
}

pub(in crate::commands) async fn delete(
    context: &Context,
    call: &Call,
    DeleteCounters { group, keys }: DeleteCounters,
) -> Result<Empty, Refusal> {
    context.services.groups.delete_counters(&call.actor()?, &group, &keys).await?;
    Ok(Empty {})
}
