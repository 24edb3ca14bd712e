//! All that is traced.

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

/// The text of all that is traced on this thread meanwhile, at every level. What other threads trace is not seen, so a
/// runtime has to be one of this thread alone.
pub fn traced(work: impl FnOnce()) -> String {
    let text = Arc::new(Mutex::new(String::new()));
    let capture = Capture { text: Arc::clone(&text), spans: AtomicU64::new(0) };
    tracing::subscriber::with_default(capture, || {
        tracing::trace!("the capture works");
        work();
    });
    let text = text.lock().unwrap().clone();
    assert!(text.contains("the capture works"), "{text}");
    text
}

struct Capture {
    text: Arc<Mutex<String>>,
    spans: AtomicU64,
}

impl Capture {
    fn write(&self, what: &str, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(String::new());
        record(&mut fields);
        let mut text = self.text.lock().unwrap();
        let _ = writeln!(text, "{what}{}", fields.0);
    }
}

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        self.write(span.metadata().name(), |fields| span.record(fields));
        span::Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        self.write("record", |fields| values.record(fields));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        self.write(event.metadata().name(), |fields| event.record(fields));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?} {value:#?}", field.name());
    }
}
