//! Says what an import did, and what to do next. Data is in the manifests; this goes to standard error.

use pam_operator::api::{ConnectionKind, ConnectionRef};

use super::patch::Patch;
use super::sorted::Sorted;
use super::written::{PATCH, SKIPPED, Written};
use crate::output::note;

/// As many names and records are shown.
const SHOWN: usize = 10;

/// Says all.
pub fn report(sorted: &Sorted<'_>, written: &Written, patch: Option<&Patch>, connection: &ConnectionRef) {
    for line in lines(sorted, written, patch, connection) {
        note(&line);
    }
}

fn lines(sorted: &Sorted<'_>, written: &Written, patch: Option<&Patch>, connection: &ConnectionRef) -> Vec<String> {
    let mut lines = vec![counts(sorted, written)];
    lines.extend(some("kept, since somebody edited it (--overwrite writes it again)", &written.kept));
    let skipped: Vec<String> = sorted.skipped.iter().map(ToString::to_string).collect();
    lines.extend(some("skipped", &skipped));
    if skipped.len() > SHOWN && !written.directory.is_empty() {
        lines.push(format!("All that was skipped is in {}/{SKIPPED}", written.directory));
    }
    if written.interrupted {
        lines.push("Interrupted: run the same command again to go on".to_owned());
        return lines;
    }
    lines.extend(patch.map(|patch| allow(patch, written, connection)));
    if !sorted.chosen.is_empty() {
        lines.push(next(written));
    }
    lines
}

fn counts(sorted: &Sorted<'_>, written: &Written) -> String {
    let all = sorted.chosen.len() + sorted.skipped.len() + sorted.claimed + sorted.not_meant;
    let place = if written.directory.is_empty() { String::new() } else { format!(" in {}", written.directory) };
    let mut parts = vec![format!("{} new{place}", written.new)];
    let counted = [
        (written.same, "there already"),
        (written.replaced, "written again"),
        (written.kept.len(), "kept"),
        (sorted.skipped.len(), "skipped"),
        (sorted.claimed, "claimed by objects of the cluster"),
        (sorted.not_meant, "not meant by --filter"),
    ];
    parts.extend(counted.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    format!("{all} records: {}", parts.join(", "))
}

fn some(what: &str, items: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = items.iter().take(SHOWN).map(|item| format!("  {what}: {item}")).collect();
    if items.len() > SHOWN {
        lines.push(format!("  and {} more", items.len() - SHOWN));
    }
    lines
}

/// Says what the connection's owner has to do.
fn allow(patch: &Patch, written: &Written, connection: &ConnectionRef) -> String {
    let name = &connection.name;
    let records = patch.records;
    let begin = format!("The connection does not allow {records} of the records to this namespace");
    let Some(text) = &patch.text else {
        return format!("{begin}, and has no room for another rule: its owner joins rules in spec.access");
    };
    let wide =
        if patch.is_exact { "" } else { ". The rule has patterns, which cover other identifiers too: narrow it" };
    let kind = match connection.kind {
        ConnectionKind::ClusterPamConnection => "clusterpamconnection",
        ConnectionKind::PamConnection => "pamconnection",
    };
    if written.directory.is_empty() {
        return format!("{begin}. Its owner sets{wide}:\n{}", text.trim_end());
    }
    let file = format!("{}/{PATCH}", written.directory);
    format!("{begin}. Its owner allows them by: kubectl patch {kind} {name} --type=merge --patch-file={file}{wide}")
}

fn next(written: &Written) -> String {
    let file = if written.directory.is_empty() { "-" } else { &written.directory };
    format!("Next: kubectl apply -f {file}, then put values into the Secrets. Nothing is sent to the PAM before")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::import::skipped::Skip;
    use crate::commands::import::sorted::Skipped;
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

    #[test]
    fn everything_that_was_left_out_is_counted_and_named() {
        let record = record();
        let skipped = (0..12).map(|_| Skipped { record: &record, why: Skip::SshKey }).collect();
        let sorted = Sorted { chosen: vec![&record], skipped, claimed: 5, not_meant: 0 };
        let written = Written { directory: "out".into(), new: 1, kept: vec!["a.yaml".into()], ..Written::default() };
        let lines = lines(&sorted, &written, None, &connection());
        assert_eq!(lines[0], "18 records: 1 new in out, 1 kept, 12 skipped, 5 claimed by objects of the cluster");
        assert!(lines[1].contains("a.yaml") && lines[2].contains("7 (key on db01): an SSH key"), "{lines:?}");
        assert!(
            lines.contains(&"  and 2 more".to_owned())
                && lines.contains(&"All that was skipped is in out/skipped.txt".to_owned())
        );
        assert!(lines.last().unwrap().contains("kubectl apply -f out"));
    }

    #[test]
    fn what_the_connection_lacks_is_a_command_for_its_owner() {
        let patch = |text: Option<&str>, is_exact| Patch { text: text.map(str::to_owned), records: 3, is_exact };
        let written = Written { directory: "out".into(), ..Written::default() };
        let text = allow(&patch(Some("x"), true), &written, &connection());
        assert!(
            text.ends_with("kubectl patch clusterpamconnection main --type=merge --patch-file=out/access.patch"),
            "{text}"
        );
        assert!(allow(&patch(Some("x"), false), &written, &connection()).contains("narrow it"));
        assert!(allow(&patch(Some("spec: y\n"), true), &Written::default(), &connection()).ends_with(":\nspec: y"));
        assert!(allow(&patch(None, true), &written, &connection()).contains("no room"));
    }
}
