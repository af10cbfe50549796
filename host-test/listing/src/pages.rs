//! Every page of tools/list, within bounds.

use std::collections::HashSet;

use rmcp::model::PaginatedRequestParams;
use serde_json::Value;

use crate::connect::Session;
use crate::{Bounds, ListError, Listing};

pub(crate) async fn all(
    session: &Session,
    bounds: &Bounds,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Listing, ListError> {
    let service = &session.service;
    let info = service.peer_info();
    let server = info.as_ref().and_then(|info| info.server_info.as_ref());
    let mut listing = Listing {
        server: server.map(|server| server.name.clone()).unwrap_or_default(),
        protocol: info
            .as_ref()
            .map(|info| info.protocol_version.to_string())
            .unwrap_or_default(),
        tools: Vec::new(),
        pages: 0,
    };
    let mut bytes: usize = 0;
    let mut cursors = HashSet::new();
    let mut cursor: Option<String> = None;
    loop {
        let params = PaginatedRequestParams::default().with_cursor(cursor.clone());
        let page = tokio::time::timeout(bounds.page, service.list_tools(Some(params))).await;
        let number = listing.pages.saturating_add(1);
        let page = page
            .map_err(|_| {
                ListError::new(format!(
                    "page {number} took longer than {} s",
                    bounds.page.as_secs()
                ))
            })?
            .map_err(|why| ListError::new(format!("page {number} of tools/list: {why}")))?;
        for tool in &page.tools {
            let tool = serde_json::to_value(tool)
                .map_err(|why| ListError::new(format!("a tool on page {number}: {why}")))?;
            bytes = bytes.saturating_add(size(&tool));
            listing.tools.push(tool);
        }
        listing.pages = number;
        within(listing.tools.len(), bounds.tools, "tools")?;
        within(bytes, bounds.bytes, "bytes of definitions")?;
        progress(listing.pages, listing.tools.len());
        let Some(next) = page.next_cursor else {
            return Ok(listing);
        };
        within(number.saturating_add(1), bounds.pages, "pages")?;
        if !cursors.insert(next.clone()) {
            return Err(ListError::new(format!(
                "page {number} leads back to a page that was read: its list never ends"
            )));
        }
        cursor = Some(next);
    }
}

fn size(tool: &Value) -> usize {
    tool.to_string().len()
}

fn within(count: usize, most: usize, what: &str) -> Result<(), ListError> {
    if count > most {
        return Err(ListError::new(format!(
            "the server lists more than {most} {what}, which is the bound"
        )));
    }
    Ok(())
}
