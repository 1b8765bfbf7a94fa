//! temporary: the modules of tests/all without transcripts, deleted when done
#[path = "../all/oracle/mod.rs"]
mod oracle;
#[path = "../all/properties/mod.rs"]
mod properties;
#[path = "../all/published.rs"]
mod published;
#[path = "../all/support.rs"]
mod support;
