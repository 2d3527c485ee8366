//! The archive for a support case. What is in it is on a list; all else stays out: Secrets, values, specs, logs.

mod allowed;
mod archive;
mod events;

use std::path::Path;

use serde::Serialize;

use archive::File;

use super::gather::Gathered;
use super::report::Report;
use crate::cluster::Cluster;
use crate::exit::{Exit, Failure};
use crate::output::Document;

/// What the index says of what is not there.
const LEFT_OUT: &str = "\nNot in it: Secrets and ConfigMaps, values, specs (of a connection only product and productVersion), \
                        annotations and labels, logs, logins and tokens, and anything of a record in the PAM.\n\
                        In it are names: of namespaces, objects, nodes' Pods and hosts. Look through it before you send it.\n";

/// Writes the archive. A file that exists is not replaced.
pub async fn write(path: &Path, cluster: &Cluster, found: &Gathered, report: &Report) -> Result<(), Failure> {
    let mut files = vec![
        file("report.txt", "the checks, as the command prints them", plain(&report.text())),
        json("report.json", "the same as JSON", &Document::new("DoctorReport", report))?,
        json(
            "versions.json",
            "versions of the plugin, Kubernetes, the operator and the definitions",
            &allowed::versions(&found.facts),
        )?,
        json(
            "objects.json",
            "the conditions of the objects",
            &found.objects.iter().map(allowed::object).collect::<Vec<_>>(),
        )?,
    ];
    files.push(json("events.json", "the operator's events", &events::read(cluster).await)?);
    files.insert(0, file("index.txt", "this list", index(&files)));
    archive::write(path, &files)
}

/// Returns a text without its colours.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn index(files: &[File]) -> String {
    let line = |file: &File| format!("{:<14} {:>8} bytes  {}\n", file.name, file.content.len(), file.about);
    let lines: String = files.iter().map(line).collect();
    format!("What `kubectl pam doctor --bundle` of version {} found\n\n{lines}{LEFT_OUT}", env!("CARGO_PKG_VERSION"))
}

fn file(name: &str, about: &'static str, content: String) -> File {
    File { name: name.to_owned(), about, content: content.into_bytes() }
}

fn json(name: &str, about: &'static str, content: &impl Serialize) -> Result<File, Failure> {
    let text = serde_json::to_string_pretty(content)
        .map_err(|_| Failure::new(Exit::No, "the archive cannot be made: a part of it is no JSON"))?;
    Ok(file(name, about, text + "\n"))
}
