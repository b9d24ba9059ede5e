//! Attributes: what members keep together.

use protocol::group::{
    AttributeItem, AttributeNumber, Attributes, AttributesWritten, ClearAttributes, DeleteAttributes,
    GetAttributes, ModifyAttributes, SetAttributes, is_guarded,
};
use protocol::id::GroupId;

use crate::commands::{Call, Context, Refusal};
use crate::services::group::{AttributeEdit, Known};

pub(in crate::commands) async fn set(
    context: &Context,
    call: &Call,
    SetAttributes { group, items, main, control }: SetAttributes,
) -> Result<AttributesWritten, Refusal> {
    let known = Known { main, keys: numbers(&items) };
    write(context, call, &group, AttributeEdit::Set(items), (known, &control)).await
}

pub(in crate::commands) async fn modify(
    context: &Context,
    call: &Call,
    ModifyAttributes { group, items, main, control }: ModifyAttributes,
) -> Result<AttributesWritten, Refusal> {
    let known = Known { main, keys: numbers(&items) };
    write(context, call, &group, AttributeEdit::Modify(items), (known, &control)).await
}

pub(in crate::commands) async fn delete(
    context: &Context,
    call: &Call,
    DeleteAttributes { group, keys, main, control }: DeleteAttributes,
) -> Result<AttributesWritten, Refusal> {
    let numbers = keys.iter().filter(|key| key.seq > 0).map(|key| (key.key.clone(), key.seq)).collect();
    let known = Known { main, keys: numbers };
    let keys = keys.into_iter().map(|key| key.key).collect();
    write(context, call, &group, AttributeEdit::Delete(keys), (known, &control)).await
}

pub(in crate::commands) async fn clear(
    context: &Context,
    call: &Call,
    ClearAttributes { group, main, control }: ClearAttributes,
) -> Result<AttributesWritten, Refusal> {
    let known = Known { main, keys: Vec::new() };
    write(context, call, &group, AttributeEdit::Clear, (known, &control)).await
}

fn numbers(items: &[AttributeItem]) -> Vec<(String, u64)> {
    items.iter().filter(|item| item.seq > 0).map(|item| (item.key.clone(), item.seq)).collect()
}

async fn write(
    context: &Context,
    call: &Call,
    group: &GroupId,
    edit: AttributeEdit,
    (known, control): (Known, &[String]),
) -> Result<AttributesWritten, Refusal> {
    let known = is_guarded(control).then_some(&known);
    let written = context.services.groups.write_attributes(&call.actor()?, group, &edit, known).await?;
    let number = |item: AttributeItem| AttributeNumber { key: item.key, seq: item.seq };
    Ok(AttributesWritten { main: written.main, items: written.items.into_iter().map(number).collect() })
}

pub(in crate::commands) async fn get(
    context: &Context,
    call: &Call,
    request: GetAttributes,
) -> Result<Attributes, Refusal> {
    let attributes = context.services.groups.attributes(&call.actor()?, &request.group).await?;
    Ok(Attributes { main: attributes.main, items: attributes.items() })
}
