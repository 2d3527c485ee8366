//! Says what an import did, and what to do next. Data is in the manifests; this goes to standard error.

use super::summary::{Denied, Summary};
use super::written::SKIPPED;

/// As many names and records are shown.
const SHOWN: usize = 10;

/// Returns everything that is said.
pub fn lines(summary: &Summary) -> Vec<String> {
    let mut lines: Vec<String> = summary.of_one_namespace.then(|| narrow(&summary.namespace)).into_iter().collect();
    lines.push(counts(summary));
    lines.extend(some("kept, since it was edited (--overwrite writes it again)", &summary.kept));
    let skipped: Vec<String> = summary.skipped.iter().map(ToString::to_string).collect();
    lines.extend(some("skipped", &skipped));
    let listed = summary.directory.as_ref().filter(|_| skipped.len() > SHOWN && !summary.interrupted);
    lines.extend(listed.map(|directory| format!("All that was skipped is in {directory}/{SKIPPED}")));
    if summary.interrupted {
        lines.push(interrupted(summary));
    }
    lines.extend(summary.denied.as_ref().map(denied));
    lines.extend(
        summary
            .next
            .as_ref()
            .map(|next| format!("Next: {next}, then put values into the Secrets. Nothing is sent to the PAM before")),
    );
    lines
}

fn narrow(namespace: &str) -> String {
    format!(
        "You may not list PamCredentials of all namespaces: records that objects outside of {namespace} claim are not left out"
    )
}

fn counts(summary: &Summary) -> String {
    let place = summary.directory.as_ref().map(|directory| format!(" in {directory}")).unwrap_or_default();
    let mut parts = vec![format!("{} new{place}", summary.new)];
    let counted = [
        (summary.same, "unchanged"),
        (summary.replaced, "written again"),
        (summary.kept.len(), "kept"),
        (summary.not_written, "not written"),
        (summary.skipped.len(), "skipped"),
        (summary.claimed, "claimed by objects of the cluster"),
        (summary.not_meant, "not meant by --filter"),
    ];
    parts.extend(counted.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    format!("{} records: {}", summary.records, parts.join(", "))
}

fn some(what: &str, items: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = items.iter().take(SHOWN).map(|item| format!("  {what}: {item}")).collect();
    if items.len() > SHOWN {
        lines.push(format!("  and {} more", items.len() - SHOWN));
    }
    lines
}

fn interrupted(summary: &Summary) -> String {
    let left = summary.not_written;
    match &summary.directory {
        Some(_) => format!(
            "Interrupted: {left} manifests were not written, and those that were are whole; run the same command again to go on"
        ),
        None => format!(
            "Interrupted: {left} manifests were not printed, and those that were are whole; run the same command again for all of them"
        ),
    }
}

/// Says what the connection's owner has to do.
fn denied(denied: &Denied) -> String {
    let begin = format!("The connection does not allow {} of the records to this namespace", denied.records);
    let wide = if denied.exact { "" } else { ". The rule covers other identifiers or hosts too: narrow it" };
    match (&denied.patch, &denied.command) {
        (None, _) => format!("{begin}, and has no room for another rule: its owner joins rules in spec.access"),
        (Some(_), Some(command)) => format!("{begin}. Its owner allows them by: {command}{wide}"),
        (Some(patch), None) => {
            format!("{begin}. Its owner allows them by this JSON patch{wide}:\n{}", patch.trim_end())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::import::patch::Patch;
    use crate::commands::import::skipped::Skip;
    use crate::commands::import::sorted::{SkippedRecord, Sorted};
    use crate::commands::import::written::Written;
    use pam_operator::api::{ConnectionKind, ConnectionRef};
    use pam_operator::pam::ListedCredential;

    fn record() -> ListedCredential {
        ListedCredential {
            id: 7.into(),
            username: "key".into(),
            hostname: "db01".into(),
            ..ListedCredential::default()
        }
    }

    fn connection() -> ConnectionRef {
        ConnectionRef { kind: ConnectionKind::ClusterPamConnection, name: "main".into() }
    }

    fn into_out() -> Written {
        Written { directory: Some("out".into()), ..Written::default() }
    }

    #[test]
    fn everything_that_was_left_out_is_counted_and_named() {
        let record = record();
        let skipped = vec![SkippedRecord::of(&record, &Skip::SshKey); 12];
        let sorted = Sorted { chosen: vec![&record, &record], skipped, claimed: 5, not_meant: 0 };
        let written = Written { new: 1, kept: vec!["a.yaml".into()], ..into_out() };
        let summary = Summary::of(&sorted, &written, None, &connection());
        let lines = lines(&summary);
        assert_eq!(lines[0], "19 records: 1 new in out, 1 kept, 12 skipped, 5 claimed by objects of the cluster");
        assert!(lines[1].contains("a.yaml") && lines[2].contains("7 (key on db01): an SSH key"), "{lines:?}");
        assert!(
            lines.contains(&"  and 2 more".to_owned())
                && lines.contains(&"All that was skipped is in out/skipped.txt".to_owned())
        );
        assert!(lines.last().unwrap().contains("kubectl apply -f out"));
    }

    #[test]
    fn an_interruption_is_counted_and_says_how_to_go_on() {
        let record = record();
        let sorted = Sorted { chosen: vec![&record; 5], skipped: Vec::new(), claimed: 0, not_meant: 0 };
        let written = Written { new: 2, interrupted: true, ..into_out() };
        let patch = Patch { text: Some("x".into()), records: 5, is_exact: true };
        let lines = lines(&Summary::of(&sorted, &written, Some(&patch), &connection()));
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0], "5 records: 2 new in out, 3 not written");
        assert!(lines[1].contains("3 manifests were not written") && lines[1].contains("run the same command again"));
    }

    #[test]
    fn what_the_connection_lacks_is_a_command_for_its_owner() {
        let told = |text: Option<&str>, is_exact, written: &Written| {
            let patch = Patch { text: text.map(str::to_owned), records: 3, is_exact };
            let sorted = Sorted { chosen: Vec::new(), skipped: Vec::new(), claimed: 0, not_meant: 0 };
            denied(&Summary::of(&sorted, written, Some(&patch), &connection()).denied.unwrap())
        };
        let text = told(Some("x"), true, &into_out());
        assert!(
            text.ends_with("kubectl patch clusterpamconnection main --type=json --patch-file=out/access.patch"),
            "{text}"
        );
        assert!(told(Some("x"), false, &into_out()).contains("narrow it"));
        assert!(told(Some("spec: y\n"), true, &Written::default()).ends_with(":\nspec: y"));
        assert!(told(None, true, &into_out()).contains("no room"));
    }
}
