//! Drops databases that nobody needs any more, without holding up the test that ends.

use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use crate::database::execute;

/// What is to be dropped where.
struct Order {
    server: String,
    name: String,
}

static ORDERS: OnceLock<Option<Sender<Order>>> = OnceLock::new();

/// Drops the database soon. One that stays, because the process ends or the server is down, goes with its server.
pub(crate) fn drop_database(server: &str, name: &str) {
    let orders = ORDERS.get_or_init(|| {
        let (sender, receiver) = channel::<Order>();
        let work = move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
            else {
                return;
            };
            for order in receiver {
                let sql = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", order.name);
                // A server that is down, or a private one that is gone.
                let _ = runtime.block_on(execute(&order.server, &sql));
            }
        };
        std::thread::Builder::new()
            .name("postgres-janitor".to_owned())
            .spawn(work)
            .ok()
            .map(|_| sender)
    });
    if let Some(orders) = orders {
        let order = Order {
            server: server.to_owned(),
            name: name.to_owned(),
        };
        let _ = orders.send(order);
    }
}
