//! A product's metadata as read: Alibaba's `api-docs.json`, or our digest of it.

mod parse;

pub(crate) use parse::parse;

#[derive(Debug)]
pub(crate) struct Document {
    /// `RPC`, `ROA`, `V3`, `FC` ...
    pub(crate) style: String,
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) components: Vec<(String, Schema)>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// What was passed over, by its place.
    pub(crate) notes: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) region: String,
    pub(crate) public: String,
    pub(crate) vpc: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    /// Upper case, in the document's order.
    pub(crate) methods: Vec<String>,
    pub(crate) schemes: Vec<String>,
    pub(crate) security: Vec<String>,
    pub(crate) path: Option<String>,
    pub(crate) deprecated: bool,
    pub(crate) consumes: Vec<String>,
    pub(crate) produces: Vec<String>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) responses: Vec<Response>,
    /// HTTP status and code.
    pub(crate) error_codes: Vec<(String, String)>,
    pub(crate) prose: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// `query`, `formData`, `body`, `path`, `header`, `host`.
    pub(crate) place: String,
    pub(crate) style: Option<String>,
    pub(crate) schema: Schema,
    /// Where it stands in the document.
    pub(crate) at: String,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: String,
    pub(crate) schema: Option<Schema>,
    pub(crate) headers: Vec<(String, Schema)>,
    /// Where it stands in the document.
    pub(crate) at: String,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    pub(crate) shape: Shape,
    pub(crate) format: Option<String>,
    pub(crate) required: bool,
    pub(crate) doc_required: bool,
    pub(crate) deprecated: bool,
    pub(crate) sensitive: bool,
    /// It is an object that wraps one list.
    pub(crate) item_node: bool,
    pub(crate) default: Option<String>,
    pub(crate) values: Vec<String>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) exclusive_minimum: bool,
    pub(crate) exclusive_maximum: bool,
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
    pub(crate) pattern: Option<String>,
    pub(crate) prose: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Shape {
    #[default]
    Any,
    String,
    Integer,
    Number,
    Boolean,
    /// With the place of the reference, for an error.
    Ref(String),
    List(Box<Schema>),
    Map(Box<Schema>),
    Object(Vec<(String, Schema)>),
}

impl Schema {
    /// Whether two schemas describe the same values, apart from prose and checks.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let has_same_shape = match (&self.shape, &other.shape) {
            (Shape::Ref(a), Shape::Ref(b)) => a == b,
            (Shape::List(a), Shape::List(b)) | (Shape::Map(a), Shape::Map(b)) => a.is_like(b),
            (Shape::Object(a), Shape::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(name, schema)| {
                        b.iter()
                            .any(|(it, other)| it == name && schema.is_like(other))
                    })
            }
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        };
        has_same_shape
            && self.format == other.format
            && self.values == other.values
            && self.item_node == other.item_node
    }
}
