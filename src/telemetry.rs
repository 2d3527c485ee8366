//! Log lines, with a ceiling per library that no filter can lift (P8).
//!
//! Libraries print what they handle: kube-client whole response bodies at WARN when they cannot be decoded, a watcher at
//! DEBUG the decoder's error with the value that it stumbled over, h2 header frames at TRACE. So the rule is an allow-list:
//! the operator's own lines follow the filter, kube-runtime's stop at INFO, and all others, known or not, at ERROR.

use std::{
    io::{IsTerminal, stderr},
    panic::PanicHookInfo,
};

use tracing::{Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer, Registry,
    filter::{FilterExt, Targets, filter_fn},
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
};

pub use crate::config::LogFormat;

/// Explains why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse; [`crate::config::Config`] checks that before.
    #[error("--log-filter cannot be used")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Logging was started before.
    #[error("logging was already started")]
    Started(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Starts logging to standard error for the whole process, panics included. Call it once, at the start of `main`.
///
/// Records of the `log` crate (rustls, reqwest) are not connected at all: nothing there is worth a channel
/// whose content was never reviewed.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    tracing::subscriber::set_global_default(subscriber(format, filter, stderr)?)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Returns the subscriber behind [`init`], for another writer.
pub fn subscriber<W>(
    format: LogFormat,
    filter: &str,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(writer).boxed(),
        LogFormat::Text => fmt::layer().with_ansi(stderr().is_terminal()).with_writer(writer).boxed(),
    };
    let wanted: Targets = filter.parse()?;
    let capped = wanted.and(filter_fn(is_below_ceiling));
    Ok(tracing_subscriber::registry().with(lines.with_filter(capped)))
}

fn is_below_ceiling(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= ceiling(metadata.target())
}

/// Returns the most detailed level at which a target may log.
fn ceiling(target: &str) -> LevelFilter {
    match target.split("::").next() {
        Some("pam_operator") => LevelFilter::TRACE,
        // The span of a pass (object and reason) is at INFO; watch errors with decoder texts are at DEBUG.
        Some("kube_runtime") => LevelFilter::INFO,
        _ => LevelFilter::ERROR,
    }
}

/// Logs where a panic was, and its text only if that was fixed at compile time: a formatted one holds
/// data (slicing a string at the wrong byte prints the string).
fn log_panic(info: &PanicHookInfo<'_>) {
    let text = info.payload().downcast_ref::<&'static str>();
    let text = text.copied().unwrap_or("text withheld, it may hold data");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(target: "pam_operator::panic", location = place, "panic: {text}");
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn captured(format: LogFormat, filter: &str, action: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(subscriber(format, filter, move || writer.clone()).unwrap(), action);
        lines.text()
    }

    /// Speaks at each level that the target's ceiling forbids, and opens a span with the canary.
    macro_rules! whisper {
        ($target:literal, $($level:ident),+) => {{
            $(tracing::event!(target: $target, tracing::Level::$level, body = "canary", "canary");
              let span = tracing::span!(target: $target, tracing::Level::$level, "canary", url = "canary");
              span.in_scope(|| tracing::error!(target: "pam_operator", "{}", concat!($target, " was tried")));)+
        }};
    }

    #[test]
    fn no_filter_lets_a_canary_out_of_a_capped_target() {
        let filters = [
            "trace",
            "kube_client=trace,kube_client::client=trace,hyper=trace,h2=trace,tower=trace,pam_operator=trace",
            "[canary]=trace",
        ];
        for format in [LogFormat::Json, LogFormat::Text] {
            for filter in filters {
                let text = captured(format, filter, || {
                    whisper!("kube_client", WARN, INFO, DEBUG, TRACE);
                    whisper!("kube_client::client", WARN, INFO, DEBUG, TRACE);
                    whisper!("kube_client::client::builder", WARN, INFO, DEBUG, TRACE);
                    whisper!("kube_runtime::watcher", DEBUG, TRACE);
                    whisper!("kube_runtime::utils::stream_backoff", DEBUG, TRACE);
                    whisper!("kube_core", WARN, INFO, DEBUG, TRACE);
                    whisper!("hyper::proto::h1::io", WARN, INFO, DEBUG, TRACE);
                    whisper!("hyper_util::client::legacy", WARN, INFO, DEBUG, TRACE);
                    whisper!("hyper_rustls", WARN, INFO, DEBUG, TRACE);
                    whisper!("h2::codec::framed_read", WARN, INFO, DEBUG, TRACE);
                    whisper!("reqwest::connect", WARN, INFO, DEBUG, TRACE);
                    whisper!("rustls::client::hs", WARN, INFO, DEBUG, TRACE);
                    whisper!("tower::buffer::worker", WARN, INFO, DEBUG, TRACE);
                    whisper!("tower_http::trace", WARN, INFO, DEBUG, TRACE);
                    whisper!("axum::rejection", WARN, INFO, DEBUG, TRACE);
                    whisper!("serde_saphyr", WARN, INFO, DEBUG, TRACE);
                    whisper!("log", WARN, INFO, DEBUG, TRACE);
                    whisper!("pam_operator_of_somebody_else", WARN, INFO, DEBUG, TRACE);
                });
                assert!(!text.contains("canary"), "{filter}: {text}");
                assert!(filter.starts_with('[') || text.contains("was tried"), "{filter}: nothing was logged");
            }
        }
    }

    #[test]
    fn own_lines_follow_the_filter() {
        let text = captured(LogFormat::Json, "info,pam_operator::pam=trace", || {
            tracing::trace!(target: "pam_operator::pam", "one");
            tracing::debug!(target: "pam_operator::controller", "two");
            tracing::info!(target: "pam_operator::controller", kind = "PamCredential", "three");
        });
        assert!(text.contains("one") && !text.contains("two"), "{text}");
        assert!(text.contains(r#""message":"three","kind":"PamCredential""#), "{text}");
    }

    #[test]
    fn a_panic_is_logged_without_its_data() {
        let text = captured(LogFormat::Json, "info", || {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(log_panic));
            let word = String::from("canary-é");
            let _ = std::panic::catch_unwind(move || word[..8].len());
            let _ = std::panic::catch_unwind(|| panic!("a fixed text"));
            std::panic::set_hook(before);
        });
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains("text withheld") && text.contains("telemetry.rs"), "{text}");
        assert!(text.contains("panic: a fixed text"), "{text}");
    }
}
