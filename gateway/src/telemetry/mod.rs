//! Logs and metrics. No token, key or message text goes into either.

mod bound;
mod log;
mod sparing;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

pub use bound::Bound;
pub use log::{Flush, flush, greet, say};
pub use sparing::Sparing;

/// Upper bounds of the latency histogram, in seconds.
const BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Counters that alerts look at and that may not move for days.
const RARE: &[&str] = &[
    "gateway_slow_readers_total",
    "gateway_redis_reconnects_total",
    log::DROPPED,
    "gateway_store_damaged_total",
    "gateway_store_epochs_total",
];

/// What is logged unless `RUST_LOG` says otherwise: our own doings, and of the store's library what is wrong. A damaged block
/// it tells with every read; we do so sparingly, and with the file.
const DEFAULT_FILTER: &str = "info,fjall=warn,lsm_tree=warn,lsm_tree::table::block=off";

/// Sends log lines and panics to standard error; `RUST_LOG` chooses which lines.
pub fn start_logging(format: LogFormat) {
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|wanted| !wanted.trim().is_empty());
    let filter = wanted.as_deref().map(EnvFilter::try_new);
    let (filter, mistake) = match filter {
        Some(Ok(filter)) => (filter, None),
        Some(Err(mistake)) => (EnvFilter::new(DEFAULT_FILTER), Some(mistake)),
        None => (EnvFilter::new(DEFAULT_FILTER), None),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(log::Queued);
    match format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().init(),
    }
    log::tell_of_panics();
    if let Some(mistake) = mistake {
        tracing::warn!("RUST_LOG is not understood and not used: {mistake}");
    }
}

/// Collects metrics for this process. Several gateways of one process share them.
pub fn start_metrics() -> PrometheusHandle {
    static HANDLE: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
                .expect("the list of buckets is not empty");
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            // Somebody else's recorder in this process keeps its place; ours then stays empty.
            let _ = metrics::set_global_recorder(recorder);
            // From 0, or the first of them would not show as a rise.
            for name in RARE {
                metrics::counter!(*name).increment(0);
            }
            handle
        })
        .clone()
}
