//! Finds the operations whose answers are pages.

use crate::document::{Schema, Shape};
use crate::error::{Error, Result};
use crate::model::{Field, Output, PageField, PageRule, Pages, Struct, Ty};
use crate::overlay::Paging;

const NUMBERS: &[&str] = &[
    "PageNo",
    "PageNumber",
    "PageNum",
    "CurrentPage",
    "pageNumber",
    "page_number",
    "pageNo",
    "page",
];
const SIZES: &[&str] = &[
    "PageSize",
    "MaximumPageSize",
    "pageSize",
    "page_size",
    "MaxResults",
];
const TOTALS: &[&str] = &[
    "Total",
    "TotalCount",
    "TotalNum",
    "total",
    "totalCount",
    "total_count",
];
const TOKENS: &[&str] = &[
    "NextToken",
    "NextPageToken",
    "Marker",
    "PageToken",
    "nextToken",
    "next_token",
    "nextPageToken",
    "pageToken",
    "marker",
    "ScrollToken",
];

/// In an answer: those that can be nothing but the next before those that may be this page's own, sent back.
const NEXTS: &[&str] = &[
    "NextToken",
    "NextPageToken",
    "NextMarker",
    "nextToken",
    "next_token",
    "nextPageToken",
    "next_marker",
    "nextMarker",
    "Marker",
    "PageToken",
    "pageToken",
    "marker",
    "ScrollToken",
];

/// Finds how the next page is asked for, by the overlay or by the names that products use.
pub(crate) fn find(
    overlay: Option<&Paging>,
    request: &Struct,
    output: &Output,
) -> Result<Option<Pages>> {
    let Output::Struct(output) = output else {
        return Ok(None);
    };
    match overlay {
        Some(paging) => by_overlay(paging, request, output).map(Some),
        None => Ok(by_names(request, output)),
    }
}

/// Whether a shared type has what tells pages, and so is better the operation's own.
pub(crate) fn may_be_page(schema: &Schema) -> bool {
    let Shape::Object(properties) = &schema.shape else {
        return false;
    };
    properties
        .iter()
        .any(|(name, _)| NEXTS.contains(&name.as_str()) || TOTALS.contains(&name.as_str()))
}

fn by_overlay(paging: &Paging, request: &Struct, output: &Struct) -> Result<Pages> {
    let missing = |name: &str| Error::input(format!("paging: `{name}` is no such field"));
    let find = |fields: &[Field], name: &Option<String>| -> Result<Option<PageField>> {
        let Some(name) = name else { return Ok(None) };
        let field = fields
            .iter()
            .find(|field| field.wire == *name)
            .ok_or_else(|| missing(name))?;
        Ok(Some(page_field(field)))
    };
    let items = output
        .fields
        .iter()
        .find(|field| field.wire == paging.items)
        .ok_or_else(|| missing(&paging.items))?;
    let Ty::List(item) = &items.ty else {
        return Err(Error::input(format!(
            "paging: `{}` is no list",
            paging.items
        )));
    };
    let token = find(&request.fields, &paging.token)?;
    let next = find(&output.fields, &paging.next)?;
    let page = find(&request.fields, &paging.page)?;
    let rule = match (token, next, page) {
        (Some(token), Some(next), None) => PageRule::Token { token, next },
        (None, None, Some(page)) => PageRule::Number {
            page,
            size: find(&request.fields, &paging.size)?,
            total: find(&output.fields, &paging.total)?,
        },
        _ => {
            return Err(Error::input(
                "paging: give either `page` or both `token` and `next`",
            ));
        }
    };
    Ok(Pages {
        rule,
        items: items.ident.clone(),
        items_optional: items.is_optional,
        item: (**item).clone(),
    })
}

fn by_names(request: &Struct, output: &Struct) -> Option<Pages> {
    let mut lists = output.fields.iter().filter_map(|field| match &field.ty {
        // Lists of texts are the ids that were not found.
        Ty::List(item) if **item != Ty::String => Some((field, item)),
        _ => None,
    });
    // With two lists nobody knows which one people came for.
    let (items, item) = lists.next().filter(|_| lists.next().is_none())?;
    let find = |fields: &[Field], names: &[&str]| {
        let named = |name: &&str| fields.iter().find(|field| field.wire == **name);
        names.iter().find_map(named).map(page_field)
    };
    let is_text = |field: &PageField| field.ty == Ty::String;
    let is_number = |field: &PageField| matches!(field.ty, Ty::Integer | Ty::Integer32);
    let token = find(&request.fields, TOKENS).filter(is_text);
    let next = find(&output.fields, NEXTS).filter(is_text);
    let rule = match (token, next) {
        (Some(token), Some(next)) => PageRule::Token { token, next },
        _ => PageRule::Number {
            page: find(&request.fields, NUMBERS).filter(is_number)?,
            size: find(&request.fields, SIZES).filter(is_number),
            // Without a total, a service that repeats its last page would never end.
            total: Some(find(&output.fields, TOTALS).filter(is_number)?),
        },
    };
    Some(Pages {
        rule,
        items: items.ident.clone(),
        items_optional: items.is_optional,
        item: (**item).clone(),
    })
}

fn page_field(field: &Field) -> PageField {
    PageField {
        ident: field.ident.clone(),
        ty: field.ty.clone(),
        is_optional: field.is_optional,
    }
}
