// The importance-weighted bound of a digit, for runs whose exact log p(x) nobody can compute.
import { Address, FIRST } from "../shared/address.js";
import { encode, readModel } from "../shared/model.js";
import { mount } from "../shared/mount.js";
import { Picker } from "../shared/picker.js";
import { TestDigits } from "../shared/test_digits.js";
import { ImportanceBound } from "./importance.js";

export default (component) => mount(component, ".bound", View);

class View {
  constructor(root) {
    this.bound = new ImportanceBound(root);
    this.picker = new Picker(root.querySelector(".choice"), (x, name) => this.pick(x, name));
  }

  async open(data, parcels) {
    this.data = data;
    this.address = new Address("posterior", data.given);
    this.model = readModel(parcels.vae);
    await this.picker.open(
      new TestDigits(data.images, parcels.labels, data.classNames),
      data.hard,
      this.address.state.x ?? FIRST,
    );
  }

  leave() {
    this.bound.leave();
  }

  pick(x, name) {
    this.address.keep({ x: name === FIRST ? null : name });
    this.bound.take(this.model, encode(this.model, x), x, this.data.weight, null);
  }
}
