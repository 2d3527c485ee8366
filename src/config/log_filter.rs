//! What is logged: a level, or directives.

use tracing_subscriber::filter::LevelFilter;

use super::error::ConfigError;

/// Returns a filter of levels and of `target=level`, joined by commas, as the log reads them. The names of levels are checked
/// here: elsewhere a misspelt level would count as the name of a target, so that the log would tell nothing.
pub(super) fn log_filter(value: &str) -> Result<String, ConfigError> {
    let given = value.split(',').map(str::trim).filter(|directive| !directive.is_empty());
    let read = given.map(|text| directive(text).ok_or_else(|| ConfigError::InvalidLogFilter(text.to_owned())));
    Ok(read.collect::<Result<Vec<_>, _>>()?.join(","))
}

fn directive(text: &str) -> Option<String> {
    let Some((target, named)) = text.split_once('=') else { return level(text).map(|level| level.to_string()) };
    let level = level(named.trim())?;
    let target = target.trim_end();
    is_target(target).then(|| format!("{target}={level}"))
}

fn level(name: &str) -> Option<LevelFilter> {
    match name {
        // The empty name is a level to the library.
        "" => None,
        name if name.eq_ignore_ascii_case("warning") => Some(LevelFilter::WARN),
        name => name.parse().ok(),
    }
}

fn is_target(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::Targets;

    use super::*;

    #[test]
    fn levels_and_directives_are_read_as_they_are_meant() {
        for (given, read) in [
            ("info", "info"),
            ("off", "off"),
            ("warning", "warn"),
            ("WARNING", "warn"),
            ("Debug", "debug"),
            ("3", "info"),
            ("info,pam_operator=debug", "info,pam_operator=debug"),
            ("warning, pam_operator::pam = warning,", "warn,pam_operator::pam=warn"),
            ("pam_operator=off", "pam_operator=off"),
            ("", ""),
        ] {
            assert_eq!(log_filter(given).as_deref(), Ok(read), "{given}");
        }
    }

    #[test]
    fn a_level_that_does_not_exist_is_refused_with_those_that_do() {
        for (given, wrong) in [
            ("debg", "debg"),
            ("info,pam_operator=loud", "pam_operator=loud"),
            ("info,pam_operator", "pam_operator"),
            ("pam_operator=", "pam_operator="),
            ("=info", "=info"),
            ("6", "6"),
            ("info;debug", "info;debug"),
            ("info debug", "info debug"),
            ("pam_operator=debug=info", "pam_operator=debug=info"),
            ("[pass]=trace", "[pass]=trace"),
            ("pam_operator[{name}]=trace", "pam_operator[{name}]=trace"),
        ] {
            let refused = log_filter(given).unwrap_err();
            assert_eq!(refused, ConfigError::InvalidLogFilter(wrong.to_owned()), "{given}");
            let text = refused.to_string();
            for level in ["off", "error", "warn", "info", "debug", "trace"] {
                assert!(text.contains(level), "{level} is missing in: {text}");
            }
        }
    }

    #[test]
    fn whatever_is_accepted_starts_the_log() {
        for given in ["", "warning", "0", "info,pam_operator::pam=trace", "kube_runtime=off,hyper-util=TRACE"] {
            let read = log_filter(given).unwrap();
            assert!(read.parse::<Targets>().is_ok(), "{given}");
        }
    }
}
