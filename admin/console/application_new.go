package console

import (
	"slices"

	"keywright/registry"
)

// The steps in which an application is made. Each shows its own fields and
// carries those of the others along; nothing is stored before the last.
const (
	stepInformation = "information"
	stepEndpoints   = "endpoints"
	stepKeys        = "keys"
)

var applicationSteps = []option{{stepInformation, "Information"}, {stepEndpoints, "Endpoints"}, {stepKeys, "Keys"}}

// What the last step asks for, in the place of a step.
const (
	askConnect = "connect" // the application and its first key pair
	askPlain   = "plain"   // the application alone
)

// applicationNewData is one step, and what it offers.
type applicationNewData struct {
	Step      string
	Steps     []option
	Projects  picker
	APIs      []registry.API // with an endpoint
	Connected []connection   // chosen
}

func applicationNew(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	return v.showApplicationStep(stepInformation, newForm("projectId", v.query.Get("projectId")))
}

// applicationCreate leads to the step that is asked for or, after the last,
// makes the application.
func applicationCreate(v *visit, f *form) error {
	step := f.Text("step")
	if step != askConnect && step != askPlain {
		return v.showApplicationStep(step, f)
	}
	in := registry.ApplicationInput{
		Name: f.Text("name"), Description: f.Text("description"), ProjectID: f.Text("projectId"), Endpoints: f.All("endpoints"),
	}
	if step == askConnect {
		in.CreateClient = &registry.ClientInput{Name: in.Name, Environment: f.Text("environment"), ConfirmRequired: true}
		if len(in.Endpoints) == 0 {
			f.unreadable("endpoints", "choose one at least: without any, keys would open nothing")
		}
	}
	var made registry.CreatedApplication
	err := f.try(func() (err error) {
		made, err = v.Service.CreateApplication(v.ctx(), v.Actor, in)
		return err
	})
	switch {
	case f.Rejected():
		return v.showApplicationStep(f.rejectedStep(), f)
	case err != nil:
		return err
	}
	path := applicationsPath + "/" + made.Application.ID
	if made.Client == nil {
		return v.done(path, "The application was made.")
	}
	return v.showOnce(newSecret{
		Name: made.Client.Name, ClientID: made.Client.ID, Secret: made.Secret, Pending: true, Back: path + "/keys",
	})
}

// rejectedStep is the first step that has a field that is wrong.
func (f *form) rejectedStep() string {
	for _, step := range []struct {
		name   string
		fields []string
	}{{stepInformation, []string{"name", "description", "projectId"}}, {stepEndpoints, []string{"endpoints"}}} {
		for _, wrong := range f.Wrong() {
			if slices.Contains(step.fields, wrong.Field) {
				return step.name
			}
		}
	}
	return stepKeys
}

func (v *visit) showApplicationStep(step string, f *form) error {
	if step != stepEndpoints && step != stepKeys {
		step = stepInformation
	}
	data := applicationNewData{Step: step, Steps: applicationSteps}
	var err error
	if data.Projects, err = v.picker("projectId", f.Text("projectId")); err != nil {
		return err
	}
	if data.APIs, err = v.connectable(); err != nil {
		return err
	}
	data.Connected = connections(data.APIs, f.All("endpoints"))
	return v.show(view{Page: "application_new", Title: "New App", Form: f, Data: data})
}

// connectable are the APIs that have an endpoint.
func (v *visit) connectable() ([]registry.API, error) {
	found, err := v.Service.APIs(v.ctx(), v.Actor, registry.APIQuery{Limit: offered})
	return slices.DeleteFunc(found.Items, func(a registry.API) bool { return len(a.Endpoints) == 0 }), err
}

// connection is an endpoint that an application is connected to.
type connection struct {
	API registry.API
	registry.Endpoint
}

// connections are the endpoints with those ids, API by API.
func connections(apis []registry.API, ids []string) []connection {
	var all []connection
	for _, a := range apis {
		for _, e := range a.Endpoints {
			if slices.Contains(ids, e.ID) {
				all = append(all, connection{a, e})
			}
		}
	}
	return all
}
