//! Typed records over an engine's bytes.
//!
//! A record is JSON: it can be read by eye, and a field that a later version adds is absent in the older ones.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::telemetry::Sparing;

use super::{Engine, Key, Partition, StorageError, Value, Version};

/// What may be kept: the types that `services/stored.rs` lists. Each of them has golden records.
pub trait Record {}

/// A record and the version it was read at.
#[derive(Clone, Debug)]
pub struct Versioned<T> {
    pub record: T,
    pub version: Version,
}

/// The bytes of a record.
///
/// Panics for a type that JSON cannot express, which no input can bring about and no record may be. Anything else than a
/// panic would be stored and acknowledged.
pub fn encode(record: &(impl Record + Serialize)) -> Bytes {
    serde_json::to_vec(record).expect("records are plain values with text for keys").into()
}

/// The record in `bytes`.
pub fn decode<T: Record + DeserializeOwned>(bytes: &[u8]) -> Result<T, StorageError> {
    serde_json::from_slice(bytes).map_err(|error| {
        static LINES: Sparing = Sparing::new();
        if let Some(kept_back) = LINES.admit() {
            tracing::error!(%error, kept_back, kind = std::any::type_name::<T>(), "a record cannot be read");
        }
        StorageError::Unreadable { reason: error.to_string() }
    })
}

/// The record in a value, and the version it was read at.
pub fn versioned<T: Record + DeserializeOwned>(value: &Value) -> Result<Versioned<T>, StorageError> {
    Ok(Versioned { record: decode(&value.bytes)?, version: value.version })
}

/// The record at `key`.
pub async fn get<T: Record + DeserializeOwned>(
    engine: &Arc<dyn Engine>,
    partition: &Partition,
    key: Key,
) -> Result<Option<Versioned<T>>, StorageError> {
    let found = engine.get(partition, &[key]).await?;
    found.into_iter().flatten().next().map(|value| versioned(&value)).transpose()
}

/// The records at `keys`, in their order.
pub async fn get_many<T: Record + DeserializeOwned>(
    engine: &Arc<dyn Engine>,
    partition: &Partition,
    keys: &[Key],
) -> Result<Vec<Option<Versioned<T>>>, StorageError> {
    let found = engine.get(partition, keys).await?;
    found.into_iter().map(|value| value.map(|value| versioned(&value)).transpose()).collect()
}

/// The values at `keys`, in their order. One that is damaged is an error of its own and costs nobody the others; the
/// store's log names it.
pub async fn values_each(
    engine: &Arc<dyn Engine>,
    partition: &Partition,
    keys: &[Key],
) -> Result<Vec<Result<Option<Value>, StorageError>>, StorageError> {
    match engine.get(partition, keys).await {
        Err(StorageError::Damaged { .. }) => {}
        found => return Ok(found?.into_iter().map(Ok).collect()),
    }
    let mut values = Vec::with_capacity(keys.len());
    for key in keys {
        values.push(match engine.get(partition, std::slice::from_ref(key)).await {
            Err(error @ StorageError::Damaged { .. }) => Err(error),
            found => Ok(found?.pop().flatten()),
        });
    }
    Ok(values)
}

/// The records at `keys`, in their order. One that is damaged is an error of its own, as in [`values_each`].
pub async fn get_each<T: Record + DeserializeOwned>(
    engine: &Arc<dyn Engine>,
    partition: &Partition,
    keys: &[Key],
) -> Result<Vec<Result<Option<Versioned<T>>, StorageError>>, StorageError> {
    let values = values_each(engine, partition, keys).await?;
    let record = |value: Option<Value>| value.map(|value| versioned(&value)).transpose();
    Ok(values.into_iter().map(|value| value.and_then(record)).collect())
}

/// All records of a table of a partition whose suffix begins with `prefix`, in order, read page by page.
pub async fn scan_all<T: Record + DeserializeOwned>(
    engine: &Arc<dyn Engine>,
    partition: &Partition,
    table: super::Table,
    prefix: Bytes,
) -> Result<Vec<(Bytes, Versioned<T>)>, StorageError> {
    const PAGE: usize = 1000;
    let mut records = Vec::new();
    let mut after = None;
    loop {
        let scan = super::Scan { table, prefix: prefix.clone(), after, skip: 0, limit: PAGE, reverse: false };
        let page = engine.scan(partition, scan).await?;
        let is_last = page.len() < PAGE;
        after = page.last().map(|(suffix, _)| suffix.clone());
        for (suffix, value) in page {
            // One that cannot be read, which the log says, hides no other.
            if let Ok(record) = versioned(&value) {
                records.push((suffix, record));
            }
        }
        if is_last {
            return Ok(records);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[derive(Serialize)]
    struct Unwritable(HashMap<(u8, u8), u8>);

    impl Record for Unwritable {}

    /// It would be stored as no bytes at all, and acknowledged.
    #[test]
    #[should_panic(expected = "text for keys")]
    fn what_cannot_be_written_is_not_stored() {
        encode(&Unwritable(HashMap::from([((1, 2), 3)])));
    }
}
