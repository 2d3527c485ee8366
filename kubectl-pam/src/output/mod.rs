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
        Some(Format::Name) => answer.names().into_iter().map(|name| name + "\n").collect(),
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

/// Writes one line to standard error. A standard error that nobody reads stops no command.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|_| not_made("JSON"))
}

fn yaml(value: &impl Serialize) -> Result<String, Failure> {
    serde_saphyr::to_string(value).map_err(|_| not_made("YAML"))
}

fn not_made(form: &str) -> Failure {
    Failure::new(Exit::No, format!("the output cannot be written as {form}: use another -o"))
}
