//! Captured objects that keep the processes they start: such an object cannot travel with the next one.

use crate::findings::{Reason, Refusal};
use crate::project::{Eval, FileId, Site, Type, Value};
use crate::rewrite::lifting::captures::{Capture, CaptureKind};

/// Refuses a capture whose object holds a started process when one of the processes is started that `calls` make.
pub(in crate::rewrite) fn judge(
    eval: &Eval,
    file: FileId,
    capture: &Capture,
    calls: &[Site],
) -> Result<(), Refusal> {
    let Some(read) = capture
        .reads
        .first()
        .filter(|_| capture.kind == CaptureKind::Value && capture.variable.attribute.is_none())
    else {
        return Ok(());
    };
    let kept = eval.values(Site { file, node: *read }).iter().find_map(|value| match value {
        Value::Instance(Type::Class(class)) => {
            calls.iter().find_map(|call| eval.started_before(*class, *call).into_iter().next())
        }
        _ => None,
    });
    let Some(kept) = kept else { return Ok(()) };
    let name = &capture.variable.name;
    Err(Refusal::new(
        Reason::UnpicklableCapture,
        format!(
            "the captured '{name}' holds {} ({}), which cannot be pickled",
            kept.what,
            kept.path.replacen("self", name, 1)
        ),
        "give the worker the values that it needs, or drop the attribute in __getstate__",
    ))
}
