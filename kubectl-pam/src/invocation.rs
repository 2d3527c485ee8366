//! The name by which the user called the program.

use std::path::Path;

/// The name of the completion program: kubectl starts a link of this name to this program.
const COMPLETES: &str = "kubectl_complete-";

/// Returns how the user calls a program of this path: `kubectl pam` for `kubectl-pam`, `kubectl pam-operator` for
/// `kubectl-pam_operator`, and the name of the file for anything else.
pub fn called(path: &str) -> String {
    let file = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let file = file.strip_suffix(".exe").unwrap_or(&file);
    let plugin = file.strip_prefix("kubectl-").or_else(|| file.strip_prefix(COMPLETES));
    match plugin {
        // kubectl turns a blank between two words into `-`, and a `-` within one word into `_`.
        Some(plugin) => format!("kubectl {}", plugin.replace('-', " ").replace('_', "-")),
        None if file.is_empty() => "kubectl pam".to_owned(),
        None => file.to_owned(),
    }
}

/// Returns the name under which kubectl looks for the completion of a plugin; `None` if the file is no plugin by its name.
pub fn completer(file: &str) -> Option<String> {
    file.strip_prefix("kubectl-").map(|plugin| format!("{COMPLETES}{plugin}"))
}

/// Tells whether this process was started to complete what is typed.
pub fn completes() -> bool {
    let called = std::env::args().next().unwrap_or_default();
    Path::new(&called).file_name().is_some_and(|name| name.to_string_lossy().starts_with(COMPLETES))
}

/// Returns the name by which this process was called.
pub fn name() -> String {
    called(&std::env::args().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_called_as_kubectl_calls_it() {
        for (path, name) in [
            ("/usr/local/bin/kubectl-pam", "kubectl pam"),
            ("kubectl-pam_operator", "kubectl pam-operator"),
            ("kubectl_complete-pam", "kubectl pam"),
            ("./pam", "pam"),
            ("kubectl-pam.exe", "kubectl pam"),
            ("", "kubectl pam"),
        ] {
            assert_eq!(called(path), name, "{path}");
        }
    }

    #[test]
    fn the_completer_has_the_name_that_kubectl_looks_for() {
        assert_eq!(completer("kubectl-pam").as_deref(), Some("kubectl_complete-pam"));
        assert_eq!(completer("kubectl-pam_operator").as_deref(), Some("kubectl_complete-pam_operator"));
        assert_eq!(completer("pam"), None);
    }
}
