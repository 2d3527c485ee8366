//! The rows of docs/reference/status.md and docs/reference/pam-answers.md: what each reason and each answer of the PAM means,
//! and what to do. These pages are the one source of these words.

use pam_operator::pam::{Call, PamError};
use serde::Serialize;

const REASONS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/status.md"));
const ANSWERS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/pam-answers.md"));

/// What the page says of a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReasonRow {
    /// The reason, as `Ready` has it.
    pub reason: String,
    /// What it means.
    pub means: String,
    /// What to do.
    pub what_to_do: String,
    /// When the operator tries again.
    pub tried_again: String,
}

/// What the page says of a code of the PAM, and the sentence that users read of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CodeRow {
    /// The code.
    pub code: u16,
    /// The versions of the product in which it means that.
    pub versions: String,
    /// The reason that an object gets.
    pub reason: String,
    /// When the operator tries again.
    pub tried_again: String,
    /// The fields of the spec that it is about.
    pub fields: Vec<String>,
    /// What happened and what to do about it.
    pub message: String,
}

/// Returns every reason, in the order of the page.
pub fn reasons() -> Vec<ReasonRow> {
    let row = |cells: Vec<String>| match <[String; 4]>::try_from(cells) {
        Ok([reason, means, what_to_do, tried_again]) => Some(ReasonRow { reason, means, what_to_do, tried_again }),
        Err(_) => None,
    };
    rows(REASONS, "| `").filter_map(row).collect()
}

/// Returns what the page says of a reason. The case of letters does not count.
pub fn reason(name: &str) -> Option<ReasonRow> {
    reasons().into_iter().find(|row| row.reason.eq_ignore_ascii_case(name))
}

/// Returns what the page says of a code: several rows, if it means several things. A code that the page does not list has the
/// row of those.
pub fn code(number: u16) -> Vec<CodeRow> {
    let of = |answer: &str| -> Vec<CodeRow> {
        rows(ANSWERS, "| ").filter(|cells| cells[0] == answer).filter_map(|cells| code_row(number, cells)).collect()
    };
    let known = of(&format!("code {number}"));
    if known.is_empty() { of("any other code") } else { known }
}

fn code_row(number: u16, cells: Vec<String>) -> Option<CodeRow> {
    let [_, versions, reason, tried_again, fields, says] = <[String; 6]>::try_from(cells).ok()?;
    let message = PamError::of_code(Call::UpsertCredential, number).summary();
    // The client has one sentence for each code; where a code means several things, the page has a part of each sentence.
    let says = says.trim_matches(['…', ' ']);
    let message = if message.contains(says) { message } else { says.to_owned() };
    let fields = fields.split(", ").filter(|field| !field.is_empty()).map(|field| format!("spec.{field}")).collect();
    Some(CodeRow { code: number, versions, reason, tried_again, fields, message })
}

/// Returns the cells of each row of a page's tables that begins so, as plain text.
fn rows(page: &'static str, begin: &str) -> impl Iterator<Item = Vec<String>> {
    let rows = page.lines().filter(move |line| line.starts_with(begin));
    rows.map(|row| row.trim_start_matches("| ").trim_end_matches(" |").split(" | ").map(plain).collect())
}

/// Returns a text of the page without its marks: of a link remains what is read of it.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((words, target)) = after.split_once("](") else { break };
        let Some((_, end)) = target.split_once(')') else { break };
        plain.push_str(before);
        plain.push_str(words);
        rest = end;
    }
    plain.push_str(rest);
    plain.replace('`', "").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use pam_operator::domain::Reason;

    use super::*;

    #[test]
    fn every_reason_of_the_operator_has_its_row_and_no_other_has() {
        let named: Vec<String> = reasons().into_iter().map(|row| row.reason).collect();
        let all: Vec<&str> = Reason::ALL.into_iter().map(Reason::as_str).collect();
        assert_eq!(named, all);
        for row in reasons() {
            assert!(!row.means.is_empty() && !row.what_to_do.is_empty() && !row.tried_again.is_empty(), "{row:?}");
            assert!(![&row.means, &row.what_to_do].into_iter().any(|text| text.contains(['`', '['])), "{row:?}");
        }
        assert_eq!(reason("syncED").map(|row| row.reason).as_deref(), Some("Synced"));
        assert_eq!(reason("Unheard"), None);
    }

    #[test]
    fn a_code_has_the_sentence_that_users_read() {
        let rows = code(1011);
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].reason.as_str(), rows[0].fields.as_slice()),
            ("DeviceNotFound", &["spec.hostname".to_owned()][..])
        );
        assert!(rows[0].message.contains("register the device in the PAM or correct hostname and ip"), "{rows:?}");
        assert!(rows[0].message.contains("the PAM knows no device"), "{rows:?}");
    }

    #[test]
    fn a_code_that_means_two_things_has_two_rows_and_one_that_is_not_listed_has_that_of_the_others() {
        let versions: Vec<String> = code(1017).into_iter().map(|row| row.versions).collect();
        assert_eq!(versions, ["up to 3.32", "since 3.33"]);
        assert_eq!(code(4711).len(), 1);
        assert!(code(4711)[0].message.contains("4711"), "{:?}", code(4711));
    }

    #[test]
    fn what_is_read_of_a_link_remains() {
        assert_eq!(plain("see [`planOnly`](a.md) and `x`"), "see planOnly and x");
        assert_eq!(plain("an [open one"), "an [open one");
    }
}
