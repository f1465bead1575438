//! docs/faxflow-1.schema.json is made of the types: `UPDATE_DOCS=1 cargo test` writes it anew.

use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::call::{CallInDocument, CallLine};
use super::document::{CaptureLine, Document, OneOfSeveral};

/// What `--format json` and each line of `--format ndjson` is.
#[derive(JsonSchema)]
#[schemars(untagged, title = "faxflow/1", rename = "faxflow")]
#[expect(
    dead_code,
    clippy::large_enum_variant,
    reason = "only its schema is asked for"
)]
enum Output<'a> {
    /// json, one capture.
    One(Document<'a, Vec<CallInDocument<'a>>>),
    /// json, several captures.
    Several(Several<'a>),
    /// ndjson: a call.
    Call(CallLine<'a>),
    /// ndjson: a capture.
    Capture(CaptureLine<'a>),
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is asked for")]
struct Several<'a> {
    #[schemars(extend("const" = super::SCHEMA))]
    schema: &'static str,
    captures: Vec<OneOfSeveral<'a, Vec<CallInDocument<'a>>>>,
}

#[test]
fn the_schema_is_that_of_the_types() {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings
        .into_generator()
        .into_root_schema_for::<Output<'_>>();
    let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faxflow-1.schema.json");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap();
    assert!(
        known == schema,
        "UPDATE_DOCS=1 cargo test writes {path:?} anew"
    );
}
