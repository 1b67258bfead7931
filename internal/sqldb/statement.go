package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"modernc.org/sqlite"
)

// maxStatements is the maximum number of prepared statements of a connection.
const maxStatements = 256

// openPool opens a pool whose connections reuse prepared statements: SQLite parses and
// plans a query once per connection instead of once per call.
func openPool(file, dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{c, file}), nil
}

type connector struct {
	driver.Connector
	file string
}

// Connect opens a connection of SQLite and wraps it.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := inner.(sqliteConn)
	if !ok {
		return nil, fmt.Errorf("the driver's connection %T lacks what a pool needs", inner)
	}
	return &conn{sqliteConn: full, file: c.file, idle: map[string]statement{}}, nil
}

// sqliteConn has the methods of a connection that database/sql uses.
type sqliteConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// conn stores the idle statements. A statement in use is not in the map, so the same
// query may run while its rows are still open. database/sql calls only one method of a
// connection at a time.
type conn struct {
	sqliteConn
	file string
	idle map[string]statement
}

// Close closes the statements, then the connection.
func (c *conn) Close() error {
	for _, s := range c.idle {
		_ = s.Close()
	}
	c.idle = nil
	return c.sqliteConn.Close()
}

// ExecContext runs a query that returns no rows.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.ExecContext(ctx, args)
	c.put(query, s, err)
	return r, err
}

// QueryContext runs a query that returns rows; its statement is idle again when the
// rows are closed.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	report(ctx, c.file, query)
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.QueryContext(ctx, args)
	if err != nil {
		c.put(query, s, err)
		return nil, err
	}
	return &rows{Rows: r, conn: c, query: query, statement: s}, nil
}

// take returns an idle statement of the query, or prepares one.
func (c *conn) take(ctx context.Context, query string) (statement, error) {
	if s, ok := c.idle[query]; ok {
		delete(c.idle, query)
		return s, nil
	}
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s, ok := prepared.(statement)
	if !ok {
		return nil, fmt.Errorf("the driver's statement %T takes no context", prepared)
	}
	return s, nil
}

// put stores a statement for its next use. If there are too many, it evicts an
// arbitrary one. Evicted and failed statements are closed.
func (c *conn) put(query string, s statement, err error) {
	if _, twin := c.idle[query]; err != nil || twin || c.idle == nil {
		_ = s.Close()
		return
	}
	for other, old := range c.idle {
		if len(c.idle) < maxStatements {
			break
		}
		delete(c.idle, other)
		_ = old.Close()
	}
	c.idle[query] = s
}

// rows gives its statement back once.
type rows struct {
	driver.Rows
	conn      *conn
	query     string
	statement statement
}

// Close closes the rows and gives the statement back.
func (r *rows) Close() error {
	err := r.Rows.Close()
	if r.statement != nil {
		r.conn.put(r.query, r.statement, err)
		r.statement = nil
	}
	return err
}
