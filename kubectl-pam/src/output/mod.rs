//! What a command prints: a table as kubectl's, or the same as JSON, YAML or names. Data goes to standard output, all else to
//! standard error.

mod age;
mod clean;
mod colour;
mod document;
mod table;

use std::io::Write as _;

use clap::{Args, ValueEnum};
use serde::Serialize;

pub use age::age;
pub use clean::clean;
use clean::is_obeyed;
pub use colour::{ColourArgs, Tone, paint};
pub use document::{Document, List};
pub use table::{Cell, Row, Table};

use crate::exit::{Exit, Failure};

/// The forms of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The table with more columns
    Wide,
    /// JSON, with everything that the text shows
    Json,
    /// The same as YAML
    Yaml,
    /// The names of the objects
    Name,
}

/// How a table is printed.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct OutputArgs {
    /// Form of the output
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORM")]
    pub format: Option<Format>,
    /// Print the table without its header
    #[arg(long)]
    pub no_headers: bool,
}

/// What a command answers, in every form.
pub trait Answer {
    /// The items of the JSON and YAML forms. They hold everything that the table shows.
    type Item: Serialize;

    /// The kind of the JSON and YAML forms.
    const KIND: &'static str;

    /// Returns the answer as a table.
    fn table(&self, wide: bool) -> Table;

    /// Returns the items of the JSON and YAML forms.
    fn items(&self) -> &[Self::Item];

    /// Returns the name of each item, as `pamcredential.pam-operator.io/db`.
    fn names(&self) -> Vec<String>;
}

/// Prints an answer in the form that the user asked for.
pub fn print<A: Answer>(args: OutputArgs, answer: &A) -> Result<(), Failure> {
    write_out(&text(args, answer)?)
}

/// Returns an answer in the form that the user asked for.
pub fn text<A: Answer>(args: OutputArgs, answer: &A) -> Result<String, Failure> {
    Ok(match args.format {
        None | Some(Format::Wide) => answer.table(args.format.is_some()).text(!args.no_headers),
        Some(Format::Name) => answer.names().iter().map(|name| clean(name) + "\n").collect(),
        Some(Format::Json) => json(&List::new(A::KIND, answer.items()))?,
        Some(Format::Yaml) => yaml(&List::new(A::KIND, answer.items()))?,
    })
}

/// Prints one document as JSON or YAML; `text` is what is printed in any other form.
pub fn print_document<T: Serialize>(format: Option<Format>, document: &Document<T>, text: &str) -> Result<(), Failure> {
    match format {
        Some(Format::Json) => write_out(&json(document)?),
        Some(Format::Yaml) => write_out(&yaml(document)?),
        _ => write_out(text),
    }
}

/// Writes text, with colours where they are wanted, to standard output.
pub fn write_out(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes lines to standard error. A standard error that nobody reads stops no command.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", told(text));
}

/// Returns a text of several lines without what a terminal would obey.
fn told(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|_| not_made("JSON"))?;
    Ok(text.chars().map(escaped).collect::<String>() + "\n")
}

/// Returns a character of a JSON text, escaped where a terminal would obey it. Such characters are in strings alone.
fn escaped(character: char) -> String {
    if character == '\n' || !is_obeyed(character) {
        return character.to_string();
    }
    format!("\\u{:04x}", u32::from(character))
}

fn yaml(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_saphyr::to_string(value).map_err(|_| not_made("YAML"))?;
    // Only in double quotes YAML escapes anything, and JSON has no others: it is YAML, too.
    if text.lines().any(|line| line.chars().any(is_obeyed)) { json(value) } else { Ok(text) }
}

fn not_made(form: &str) -> Failure {
    Failure::new(Exit::No, format!("the output cannot be written as {form}: use another -o"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Names and messages that others wrote, with what a terminal would obey.
    const STEERS: [&str; 4] = ["a\u{1b}[2Jb", "a\u{9b}31mb\u{7f}", "a\u{202e}txt\u{2066}", "one\ntwo: \"\u{7}\""];

    struct Steering(Vec<Value>);

    impl Answer for Steering {
        type Item = Value;

        const KIND: &'static str = "SteeringList";

        fn table(&self, _wide: bool) -> Table {
            let mut table = Table::new(["NAME"]);
            for name in self.names() {
                table.push(Row::new([Cell::from(&*name)]).note(name));
            }
            table
        }

        fn items(&self) -> &[Value] {
            &self.0
        }

        fn names(&self) -> Vec<String> {
            STEERS.map(str::to_owned).to_vec()
        }
    }

    #[test]
    fn no_form_of_output_steers_a_terminal_and_json_and_yaml_keep_what_was_said() {
        let items: Vec<Value> = STEERS.iter().map(|text| json!({"message": text, *text: 1})).collect();
        for format in [None, Some(Format::Wide), Some(Format::Name), Some(Format::Json), Some(Format::Yaml)] {
            let text = text(OutputArgs { format, no_headers: false }, &Steering(items.clone())).unwrap();
            assert!(text.lines().all(|line| clean(line) == line), "{format:?}: {text:?}");
            let read: Option<Value> = match format {
                Some(Format::Json) => Some(serde_json::from_str(&text).unwrap()),
                Some(Format::Yaml) => Some(serde_saphyr::from_str(&text).unwrap()),
                _ => None,
            };
            assert!(read.is_none_or(|read| read["items"] == json!(items)), "{text}");
        }
        assert_eq!(told("a\u{1b}[2J\nb"), "a\u{fffd}[2J\nb");
    }
}
