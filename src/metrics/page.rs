//! The page that `/metrics` shows, in the two formats that are in use.

use std::fmt::Write as _;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

/// The page that `/metrics` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The media type of the text.
    pub content_type: &'static str,
    /// The text.
    pub text: String,
}

impl Page {
    /// Returns the page in the format that `accept`, the header of a request, prefers: `OpenMetrics` 1.0.0 where it is named and no
    /// worse than plain text, else the text format 0.0.4.
    ///
    /// # Errors
    ///
    /// When the registry cannot be written.
    pub fn of(registry: &Registry, accept: &str) -> Result<Self, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, registry)?;
        Ok(if wants_open_metrics(accept) {
            Self { content_type: "application/openmetrics-text; version=1.0.0; charset=utf-8", text }
        } else {
            Self { content_type: "text/plain; version=0.0.4; charset=utf-8", text: plain(&text)? }
        })
    }
}

fn wants_open_metrics(accept: &str) -> bool {
    let open = quality(accept, "application/openmetrics-text");
    open > 0.0 && open >= quality(accept, "text/plain")
}

/// Returns the weight that a header gives to a media type that it names; 0 if it does not name the type.
fn quality(accept: &str, media: &str) -> f32 {
    let named = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().filter(|name| name.eq_ignore_ascii_case(media))?;
        Some(parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0))
    });
    named.fold(0.0, f32::max)
}

/// Translates from `OpenMetrics` to the text format 0.0.4: there a counter is called as its samples are, a type `info` is not
/// known, and units and the end are not told.
fn plain(open_metrics: &str) -> Result<String, std::fmt::Error> {
    let (mut text, mut help) = (String::with_capacity(open_metrics.len()), None);
    for line in open_metrics.lines() {
        if let Some(described) = line.strip_prefix("# HELP ") {
            help = described.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|typed| typed.split_once(' ')) {
            let (suffix, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                _ => ("", kind),
            };
            if let Some((_, words)) = help.take() {
                writeln!(text, "# HELP {name}{suffix} {words}")?;
            }
            writeln!(text, "# TYPE {name}{suffix} {kind}")?;
        } else if !line.starts_with('#') {
            writeln!(text, "{line}")?;
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn the_format_is_that_which_the_request_prefers() {
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, open) in [
            (prometheus, true),
            ("application/openmetrics-text", true),
            ("Application/OpenMetrics-Text; q=0.5, */*", true),
            ("application/openmetrics-text;q=0.1,text/plain", false),
            ("application/openmetrics-text;q=0", false),
            ("text/plain;version=0.0.4", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(wants_open_metrics(accept), open, "{accept}");
        }
    }

    #[test]
    fn counters_and_infos_are_called_as_their_samples_in_the_older_format() {
        let (metrics, registry) = Metrics::new();
        metrics.record_left_enabled();
        metrics.secret_pushed(std::time::Duration::ZERO);
        let page = Page::of(&registry, "*/*").unwrap();
        assert_eq!(page.content_type, "text/plain; version=0.0.4; charset=utf-8");
        for line in [
            "# TYPE pam_operator_records_left_enabled_total counter",
            "pam_operator_records_left_enabled_total 1",
            "# TYPE pam_operator_build_info gauge",
            "# TYPE pam_operator_secret_push_latency_seconds histogram",
            "# TYPE process_resident_memory_bytes gauge",
            "# TYPE process_cpu_seconds_total counter",
        ] {
            assert!(page.text.lines().any(|l| l == line), "{line} is missing in\n{}", page.text);
        }
        assert!(!page.text.contains("# UNIT") && !page.text.contains("# EOF"), "{}", page.text);
    }
}
