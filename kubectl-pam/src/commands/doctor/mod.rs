//! `kubectl pam doctor`: one line for each check of the cluster, the operator and each connection. What is found is gathered
//! first; the checks are made of that alone.

mod args;
mod bundle;
mod check;
mod facts;
mod gather;
mod line;
pub mod report;
mod rights;

use crate::cluster::Cluster;
use crate::exit::{Exit, Failure};
use crate::output::{Document, note, print_document};

pub use args::DoctorArgs;
use report::Report;

/// Makes all checks.
pub async fn run(args: &DoctorArgs, cluster: &Cluster) -> Result<Exit, Failure> {
    let found = Box::pin(gather::facts(args, cluster)).await?;
    let report = Report::of(check::all(&found.facts));
    let (exit, text) = (report.exit(), report.text());
    if let Some(path) = &args.bundle {
        bundle::write(path, cluster, &found, &report).await?;
        note(&format!("wrote {}: look through it before you send it", path.display()));
    }
    print_document(args.output, &Document::new("DoctorReport", report), &text)?;
    Ok(exit)
}
