//! `kubectl pam version`.

use clap::Args;
use serde::Serialize;

use crate::exit::Failure;
use crate::output::{Document, Format, print_document};

/// Print the version of this plugin
#[derive(Args, Clone, Debug)]
pub struct VersionArgs {
    /// Form of the output
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORM")]
    output: Option<Format>,
}

#[derive(Debug, Serialize)]
struct Version {
    version: &'static str,
}

/// Prints the version.
pub fn run(args: &VersionArgs) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    print_document(args.output, &Document::new("Version", Version { version }), &format!("v{version}\n"))
}
