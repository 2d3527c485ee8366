//! The table of what the PAM may answer to a credential's call, and what becomes of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use pam_operator::api::FIELDS;
use pam_operator::domain::{Reason, Retry};

/// One row for each answer of `tests/fixtures/errors.tsv`; the reason of each kind of error is in `reasons.tsv` beside it.
pub fn table(root: &Path) -> anyhow::Result<String> {
    let reasons = reasons(root)?;
    let mut text =
        "| answer | versions | STATUS | tried again | field | the message says |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for row in rows(root, "errors.tsv")? {
        let [answer, versions, kind, retry, field, said] = &row[..] else { bail!("errors.tsv: {row:?}") };
        let reason = reasons.get(kind).with_context(|| format!("reasons.tsv has no {kind}"))?;
        let again = if retry == "bounded" { words(Retry::Bounded) } else { words(reason.retry()) };
        let (answer, versions, field) = (answer_of(answer), versions_of(versions)?, field_of(field)?);
        let _ = writeln!(text, "| {answer} | {versions} | `{}` | {again} | {field} | … {said} … |", reason.as_str());
    }
    Ok(text)
}

/// The lines of a table, without its comments and its head.
fn rows(root: &Path, file: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let path = root.join("tests/fixtures").join(file);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    Ok(lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

fn reasons(root: &Path) -> anyhow::Result<BTreeMap<String, Reason>> {
    let of = |row: Vec<String>| match &row[..] {
        [kind, name] => Ok((kind.clone(), Reason::named(name).with_context(|| format!("no reason {name}"))?)),
        _ => bail!("reasons.tsv: {row:?}"),
    };
    rows(root, "reasons.tsv")?.into_iter().map(of).collect()
}

/// As the table of reasons puts it.
const fn words(retry: Retry) -> &'static str {
    match retry {
        Retry::OnChange => "on a change",
        Retry::Backoff => "by itself, after 1 s to 5 min",
        Retry::SecondLook => "on a change, and every 10 s to 30 min",
        Retry::Bounded => "6 times in a minute, then every 30 min",
    }
}

fn answer_of(answer: &str) -> String {
    let (at, rest) = answer.strip_prefix("login ").map_or(("", answer), |rest| (" at the login", rest));
    match rest.splitn(3, ' ').collect::<Vec<_>>()[..] {
        ["4321"] => "any other code".to_owned(),
        [code] => format!("code {code}"),
        [status, speaker, text] => format!("{status} by the {}{at}: {text}", speaker_of(speaker)),
        _ => rest.to_owned(),
    }
}

fn speaker_of(speaker: &str) -> &str {
    match speaker {
        "application" => "PAM",
        "html" => "web server",
        other => other,
    }
}

fn versions_of(versions: &str) -> anyhow::Result<&'static str> {
    match versions {
        "all" => Ok("all"),
        "old" => Ok("up to 3.32"),
        "new" => Ok("since 3.33"),
        other => bail!("versions: {other}"),
    }
}

/// The field of the spec; a `*` in the API's path leaves open which of several.
fn field_of(path: &str) -> anyhow::Result<String> {
    if path == "-" {
        return Ok(String::new());
    }
    let fits = |api: &str| match path.split_once('*') {
        Some((begin, end)) => api.starts_with(begin) && api.ends_with(end),
        None => api == path,
    };
    let fields: Vec<String> =
        FIELDS.iter().filter(|field| fits(field.wire)).map(|field| format!("`{}`", field.spec)).collect();
    anyhow::ensure!(!fields.is_empty(), "no field of the spec is sent as {path}");
    Ok(fields.join(", "))
}
