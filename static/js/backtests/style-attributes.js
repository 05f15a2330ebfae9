// plotly writes style attributes. The pages' policy forbids them in markup, where a stored text could
// bring one, and not what a script sets by the style object: so that is how they are set.

const write = Element.prototype.setAttribute;

Element.prototype.setAttribute = function setAttribute(name, value) {
  if (name === "style") this.style.cssText = value;
  else write.call(this, name, value);
};
