// Polls Telnyx connections and shows their calls with client_golang, as a user would write it in an hour.
//
//	peer BASE_URL CONNECTIONS INTERVAL_SECONDS PORT [CA_FILE]
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const concurrentPolls = 32

var (
	labels   = []string{"connection_id"}
	calls    = promauto.NewGaugeVec(prometheus.GaugeOpts{Name: "active_calls"}, labels)
	sessions = promauto.NewGaugeVec(prometheus.GaugeOpts{Name: "active_call_sessions"}, labels)
	longest  = promauto.NewGaugeVec(prometheus.GaugeOpts{Name: "longest_call_seconds"}, labels)
	failures = promauto.NewCounterVec(prometheus.CounterOpts{Name: "poll_failures_total"}, labels)
)

type page struct {
	Data []struct {
		CallLegID     string `json:"call_leg_id"`
		CallSessionID string `json:"call_session_id"`
		CallDuration  int    `json:"call_duration"`
	} `json:"data"`
	Meta struct {
		Cursors struct {
			After string `json:"after"`
		} `json:"cursors"`
	} `json:"meta"`
}

type poller struct {
	client  *http.Client
	baseURL string
	key     string
}

func (p *poller) getPage(connection, cursor string) (*page, error) {
	query := url.Values{"page[limit]": {"250"}}
	if cursor != "" {
		query.Set("page[after]", cursor)
	}
	request, err := http.NewRequest("GET", p.baseURL+"/connections/"+connection+"/active_calls?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+p.key)
	response, err := p.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", response.Status)
	}
	var result page
	return &result, json.NewDecoder(response.Body).Decode(&result)
}

func (p *poller) poll(connection string) error {
	legs, found, age := map[string]bool{}, map[string]bool{}, 0
	for cursor, first := "", true; first || cursor != ""; first = false {
		page, err := p.getPage(connection, cursor)
		if err != nil {
			return err
		}
		for _, call := range page.Data {
			legs[call.CallLegID] = true
			found[call.CallSessionID] = true
			if call.CallDuration > age {
				age = call.CallDuration
			}
		}
		cursor = page.Meta.Cursors.After
	}
	calls.WithLabelValues(connection).Set(float64(len(legs)))
	sessions.WithLabelValues(connection).Set(float64(len(found)))
	longest.WithLabelValues(connection).Set(float64(age))
	return nil
}

func (p *poller) pollEvery(connections int, interval time.Duration) {
	slots := make(chan struct{}, concurrentPolls)
	for ticker := time.NewTicker(interval); ; <-ticker.C {
		for i := 0; i < connections; i++ {
			slots <- struct{}{}
			go func(connection string) {
				defer func() { <-slots }()
				if err := p.poll(connection); err != nil {
					failures.WithLabelValues(connection).Inc()
					log.Printf("connection %s: %v", connection, err)
				}
			}(strconv.Itoa(i))
		}
	}
}

func newClient(caFile string) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = concurrentPolls
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			log.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func main() {
	if len(os.Args) < 5 {
		log.Fatal("usage: peer BASE_URL CONNECTIONS INTERVAL_SECONDS PORT [CA_FILE]")
	}
	connections, _ := strconv.Atoi(os.Args[2])
	seconds, _ := strconv.Atoi(os.Args[3])
	caFile := ""
	if len(os.Args) > 5 {
		caFile = os.Args[5]
	}
	p := &poller{client: newClient(caFile), baseURL: os.Args[1], key: os.Getenv("TELNYX_API_KEY")}
	go p.pollEvery(connections, time.Duration(seconds)*time.Second)
	http.Handle("/metrics", promhttp.Handler())
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[4], nil))
}
