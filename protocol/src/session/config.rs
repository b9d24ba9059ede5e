//! The client's configuration and feature bits.
//!
//! These two commands have an envelope of their own: `int32_error_code`, `str_error_message`. Source: observed.

use serde::{Deserialize, Serialize};

use crate::id::AppId;
use crate::request::request;

/// Seconds until the client asks again. It must not be 0: that means every second.
pub const CONFIG_LIFETIME_SECONDS: u32 = 3600;

/// `im_sdk_config_mgr.fetch_config`: the client's cloud configuration.
///
/// ```json
/// {"uint32_sdkappid": 1400000001, "uint64_version": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct FetchConfig {
    #[serde(rename = "uint32_sdkappid", default)]
    pub app: u32,
}

/// The answer to [`FetchConfig`].
#[derive(Debug, Serialize)]
pub struct ClientConfig {
    #[serde(rename = "int32_error_code")]
    pub code: i32,
    #[serde(rename = "str_error_message")]
    pub message: &'static str,
    /// A JSON object in a string; its values are strings too.
    #[serde(rename = "str_json_config")]
    pub config: String,
    #[serde(rename = "uint32_expired_time")]
    pub lifetime_seconds: u32,
    #[serde(rename = "uint32_sdkappid")]
    pub app: AppId,
    /// The client reads `config` only when this differs from the version it knows.
    #[serde(rename = "uint64_version")]
    pub version: u64,
}

request! { FetchConfig = "im_sdk_config_mgr.fetch_config" -> ClientConfig }

/// `im_sdk_config_mgr.fetch_imsdk_purchase_bitsv2`: which features of the vendor's plans the client may use.
///
/// ```json
/// {"uint32_sdkappid": 1400000001}
/// ```
#[derive(Debug, Deserialize)]
pub struct FetchPurchaseBits {}

/// The answer to [`FetchPurchaseBits`].
#[derive(Clone, Debug, Serialize)]
pub struct PurchaseBits {
    #[serde(flatten)]
    pub bits: Bits,
    /// The same again: lite-chat looks one level too deep and asks every second for ever without it.
    pub body: Bits,
}

#[derive(Clone, Debug, Serialize)]
pub struct Bits {
    #[serde(rename = "int32_error_code")]
    pub code: i32,
    #[serde(rename = "str_error_message")]
    pub message: &'static str,
    /// One character a feature, the rightmost is bit 0; 64 is the most a client reads. 1 unlocks it.
    #[serde(rename = "str_purchase_bits")]
    pub bits: &'static str,
    #[serde(rename = "uint32_expired_time")]
    pub lifetime_seconds: u32,
}

impl PurchaseBits {
    pub fn new(bits: &'static str) -> Self {
        let bits = Bits { code: 0, message: "", bits, lifetime_seconds: CONFIG_LIFETIME_SECONDS };
        Self { body: bits.clone(), bits }
    }
}

request! { FetchPurchaseBits = "im_sdk_config_mgr.fetch_imsdk_purchase_bitsv2" -> PurchaseBits }
